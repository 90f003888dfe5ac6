#!/usr/bin/env perl
# SPDX-License-Identifier: Apache-2.0
# The text part of scripts/corpus, which calls it:
#   corpus_text.pl RDATA VERSES OUTDIR
# RDATA is the stem of an R package's lazy-load database (RDATA.rdx, RDATA.rdb) that holds Jane Austen's novels, VERSES a
# file with a verse of the King James Version a line ("Ge1:1 In the beginning ..."). Writes austen.txt, kjv.txt, train.txt
# and validation.txt into OUTDIR: paragraphs, each on a line of its own, with an empty line between them.
#
# The format of R's data is in "R Internals" (cran.r-project.org/doc/manuals/r-release/R-ints.html), section 1.8
# "Serialization Formats"; that of the lazy-load database follows from its contents: the .rdb is a row of chunks (a
# big-endian length, then a zlib stream), the .rdx a gzipped list that names each with its offset and length. Read here are
# the kinds of value that these files hold; any other is refused.
use strict;
use warnings;
use Compress::Zlib ();

use constant {
    BLOCK_BYTES        => 32 * 1024,    # of text that stay together in training or validation
    VALIDATION_EVERY   => 20,           # blocks, of which one is for validation
    HEADING_CHARACTERS => 40,           # a paragraph up to this long may be a heading: no block ends with it
};

# Kinds of value in R's serialisation, from the table in "R Internals", section 1.1.
use constant {
    R_NULL => 254, R_REFERENCE => 255, R_SYMBOL => 1, R_PAIRLIST => 2, R_CHARACTERS => 9,
    R_LOGICAL => 10, R_INTEGERS => 13, R_STRINGS => 16, R_LIST => 19,
};

my @novels = qw(sensesensibility prideprejudice mansfieldpark emma northangerabbey persuasion);

my @bible_books = (
    qw(Genesis Exodus Leviticus Numbers Deuteronomy Joshua Judges Ruth),
    '1 Samuel', '2 Samuel', '1 Kings', '2 Kings', '1 Chronicles', '2 Chronicles',
    qw(Ezra Nehemiah Esther Job), 'Psalm', 'Proverbs', 'Ecclesiastes', 'Song of Solomon',
    qw(Isaiah Jeremiah Lamentations Ezekiel Daniel Hosea Joel Amos Obadiah Jonah Micah Nahum Habakkuk Zephaniah Haggai),
    qw(Zechariah Malachi Matthew Mark Luke John Acts Romans), '1 Corinthians', '2 Corinthians',
    qw(Galatians Ephesians Philippians Colossians), '1 Thessalonians', '2 Thessalonians', '1 Timothy', '2 Timothy',
    qw(Titus Philemon Hebrews James), '1 Peter', '2 Peter', '1 John', '2 John', '3 John', qw(Jude Revelation),
);

sub fail { print STDERR "corpus: @_\n"; exit 1 }

sub read_bytes {
    my ($path) = @_;
    open my $file, '<:raw', $path or fail("cannot read $path: $!");
    local $/;
    return scalar <$file>;
}

sub write_bytes {
    my ($path, $bytes) = @_;
    open my $file, '>:raw', $path or fail("cannot write $path: $!");
    print {$file} $bytes or fail("cannot write $path: $!");
    close $file or fail("cannot write $path: $!");
}

# --- R's serialisation, XDR form, versions 2 and 3 -----------------------------------------------------------------------

sub take {
    my ($in, $bytes) = @_;
    fail('R data that end too early') if $bytes < 0 || $in->{at} + $bytes > length ${ $in->{data} };
    my $piece = substr ${ $in->{data} }, $in->{at}, $bytes;
    $in->{at} += $bytes;
    return $piece;
}

sub take_integer { return unpack 'l>', take($_[0], 4) }

# A vector or list as an array reference, a pair list as a hash reference by tag, a string as its bytes.
sub read_value {
    my ($in)       = @_;
    my $flags      = take_integer($in);
    my $kind       = $flags & 0xff;
    my $attributes = $flags & 0x200;
    return undef                           if $kind == R_NULL;
    return $in->{seen}[ ($flags >> 8) - 1 ] if $kind == R_REFERENCE;
    if ($kind == R_SYMBOL) {
        my $name = read_value($in);
        push @{ $in->{seen} }, $name;
        return $name;
    }
    if ($kind == R_CHARACTERS) {
        my $length = take_integer($in);
        return $length < 0 ? undef : take($in, $length);
    }
    return read_pairs($in, $flags) if $kind == R_PAIRLIST;
    my $value;
    if ($kind == R_INTEGERS || $kind == R_LOGICAL) {
        $value = [ map { take_integer($in) } 1 .. take_integer($in) ];
    } elsif ($kind == R_STRINGS || $kind == R_LIST) {
        $value = [ map { read_value($in) } 1 .. take_integer($in) ];
    } else {
        fail("R data of a kind that is not read here: $kind");
    }
    return $value unless $attributes;
    my $names = read_value($in)->{names};
    fail('R data with attributes other than names') unless $names;
    return { map { $names->[$_] => $value->[$_] } 0 .. $#$names };
}

sub read_pairs {
    my ($in, $flags) = @_;
    my %pairs;
    while (($flags & 0xff) == R_PAIRLIST) {
        fail('an R pair list with attributes or without tags') if ($flags & 0x600) != 0x400;
        my $tag = read_value($in);
        $pairs{$tag} = read_value($in);
        $flags = take_integer($in);
    }
    fail('an R pair list that does not end') if ($flags & 0xff) != R_NULL;
    return \%pairs;
}

sub unserialize {
    my ($data) = @_;
    my $in = { data => \$data, at => 0, seen => [] };
    fail('expected R data in XDR form') if take($in, 2) ne "X\n";
    my $version = take_integer($in);
    take($in, 8);    # versions of R: of the writer, and the least that reads it
    fail("expected R data of version 2 or 3, found $version") if $version != 2 && $version != 3;
    take($in, take_integer($in)) if $version == 3;    # name of the encoding
    return read_value($in);
}

# Name -> array of lines.
sub read_database {
    my ($stem) = @_;
    my $index  = unserialize(Compress::Zlib::memGunzip(read_bytes("$stem.rdx")) // fail("$stem.rdx is not gzipped"));
    my $chunks = read_bytes("$stem.rdb");
    my %vectors;
    for my $name (keys %{ $index->{variables} }) {
        my ($offset, $length) = @{ $index->{variables}{$name} };
        my $chunk = substr $chunks, $offset, $length;
        my $data  = Compress::Zlib::uncompress(substr $chunk, 4) // fail("$stem.rdb: $name is not a zlib stream");
        fail("$stem.rdb: $name has another length than it says") if length $data != unpack 'N', $chunk;
        $vectors{$name} = unserialize($data);
    }
    return \%vectors;
}

# --- Paragraphs -----------------------------------------------------------------------------------------------------------

# Lines that are indented and all begin with a capital or a mark are verse and stay lines; others are prose cut to a width.
sub join_lines {
    my @lines = @_;
    my $verse = @lines > 1 && !grep { !/^\s+\S/ || /^\s*[a-z]/ } @lines;
    s/\s+/ /g, s/^ | $//g for @lines;
    return join $verse ? "\n" : ' ', @lines;
}

# A novel as the package has it: lines of about 70 characters. Left out: marks of emphasis (_so_), rows of asterisks, and
# what editors of later days wrote.
sub novel_paragraphs {
    my ($lines) = @_;
    my (@paragraphs, @open);
    for my $line (@$lines, '') {
        last if $line eq 'A NOTE ON THE TEXT';
        if ($line =~ /\S/) {
            push @open, $line;
            next;
        }
        my $paragraph = @open ? join_lines(@open) : '';
        @open = ();
        $paragraph =~ s/_([^_]+)_/$1/g;
        push @paragraphs, $paragraph if $paragraph ne '' && $paragraph !~ /^(?:\* ?)+$|^\[.*(?:edition)/;
    }
    return @paragraphs;
}

# A chapter is a heading and one paragraph.
sub bible_paragraphs {
    my ($verses) = @_;
    my ($book, $last_name, $last_chapter) = (-1, '', '');
    my @paragraphs;
    for my $line (split /\n/, $verses) {
        my ($name, $chapter, $text) = $line =~ /^(\d?[A-Za-z]+)(\d+):\d+ (.+)$/
            or fail("expected a verse, found \"$line\"");
        $text =~ s/\s+/ /g;
        $text =~ s/^ | $//g;
        ++$book if $name ne $last_name;
        fail('expected the 66 books of the Bible, found more') if $book > $#bible_books;
        if ($name eq $last_name && $chapter eq $last_chapter) {
            $paragraphs[-1] .= " $text";
        } else {
            push @paragraphs, "$bible_books[$book] $chapter", $text;
        }
        ($last_name, $last_chapter) = ($name, $chapter);
    }
    fail('expected the 66 books of the Bible, found ' . ($book + 1)) if $book != $#bible_books;
    return @paragraphs;
}

# --- Training and validation ------------------------------------------------------------------------------------------------

sub text_of { return join("\n\n", @_) . "\n" }

# Paragraphs -> blocks of text.
sub blocks_of {
    my @blocks;
    my @open;
    my $size = 0;
    for my $paragraph (@_) {
        push @open, $paragraph;
        $size += length($paragraph) + 2;
        next if $size < BLOCK_BYTES || length $paragraph <= HEADING_CHARACTERS;
        push @blocks, text_of(@open);
        @open = ();
        $size = 0;
    }
    push @blocks, text_of(@open) if @open;
    return @blocks;
}

# Blocks of all sources, each spread evenly over the whole, so that they alternate as their sizes ask.
sub interleave {
    my @sources = @_;
    my @placed;
    for my $s (0 .. $#sources) {
        my $count = @{ $sources[$s] };
        push @placed, [ ($_ + 0.5) / $count, $s, $sources[$s][$_] ] for 0 .. $count - 1;
    }
    return map { $_->[2] } sort { $a->[0] <=> $b->[0] || $a->[1] <=> $b->[1] } @placed;
}

sub main {
    @ARGV == 3 or fail('expected RDATA VERSES OUTDIR');
    my ($database, $verses, $folder) = @ARGV;
    my $vectors = read_database($database);
    my (@austen, @austen_blocks);
    for my $novel (@novels) {
        my @paragraphs = novel_paragraphs($vectors->{$novel} // fail("$database holds no $novel"));
        push @austen,        @paragraphs;
        push @austen_blocks, blocks_of(@paragraphs);
    }
    my @kjv = bible_paragraphs(read_bytes($verses));
    write_bytes("$folder/austen.txt", text_of(@austen));
    write_bytes("$folder/kjv.txt",    text_of(@kjv));
    my (@train, @validation);
    for my $blocks (\@austen_blocks, [ blocks_of(@kjv) ]) {
        my @held = grep { $_ % VALIDATION_EVERY == VALIDATION_EVERY / 2 } 0 .. $#$blocks;
        my @kept = grep { $_ % VALIDATION_EVERY != VALIDATION_EVERY / 2 } 0 .. $#$blocks;
        push @validation, [ @$blocks[@held] ];
        push @train,      [ @$blocks[@kept] ];
    }
    write_bytes("$folder/train.txt",      join "\n", interleave(@train));
    write_bytes("$folder/validation.txt", join "\n", interleave(@validation));
}

main();
