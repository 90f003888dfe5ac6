// SPDX-License-Identifier: Apache-2.0
// The offloading runtime on a real disk: routed experts live in a file (models/expert_pack.hpp), a bounded
// pool in memory holds those that sim/residency keeps, and loads run while the decoder computes. What is
// looked up, asked for, given room and evicted, and in which order, is decided by the very classes that the
// simulator uses (EventLoads, LoadQueue, Residency); room is taken on request (RoomAt::request), so that both
// worlds count the same.
#pragma once

#include <vector>

#include "experiments/stream/expert_pool.hpp"
#include "experiments/stream/timeline.hpp"
#include "models/disk_reader.hpp"
#include "models/expert_pack.hpp"
#include "models/expert_store.hpp"
#include "sim/account/load_book.hpp"
#include "sim/residency/event_loads.hpp"

namespace pregate {

class ExpertStream final : public ExpertStore, private LoadDesk {
 public:
  struct Parts {
    const ModelShape& model;
    const ExpertTable& table;
    const ExpertPack& pack;
    const ExpertLayout& layout;
    Residency& residency;
    Prefetcher& prefetcher;
    ExpertPool& pool;
    DiskReader& disk;
    Recorder& recorder;
    Timeline& timeline;
    std::string pack_file;  // for errors
    bool verify = true;     // each block's checksum, before anything is computed with it
    bool overlap = true;
    bool commit_ahead = false;
  };
  explicit ExpertStream(const Parts& parts);

  // Reads every expert that residency says is there from the start.
  Status preload();
  void begin_step(std::int32_t step) { event_.begin_step(step); }
  // The moment after the attention of a layer: looks up, asks for what is missing and for what is known
  // ahead, hands reads to the disk. Without overlap it waits for all of this layer's.
  Status router_answers(std::size_t layer, RoutingSource& source);
  // The layer has been computed.
  Status end_layer(std::size_t layer);

  // ExpertStore.
  Status ready(std::int64_t layer, std::vector<std::int32_t>& experts) override;
  [[nodiscard]] SwigluWeights weights(std::int64_t layer, std::int32_t expert) const override;
  void computed(std::int64_t layer) override;

 private:
  static constexpr ExpertPool::Slot kNoSlot = ~ExpertPool::Slot{0};

  // LoadDesk.
  void looked_up(LayerId layer, std::span<const Lookup> lookups) override;
  LoadId request(ExpertId expert, Purpose purpose, LayerId layer) override;
  void adopt(LoadId load) override;
  void cancel_stale_speculation(LayerId layer) override;

  // Gives room to what is queued, as far as there is some, and hands the reads to the disk.
  void take_room();
  void read(ExpertId expert, Purpose purpose);
  void free_slots();  // of evicted_
  Status poll();
  Status take_done();  // of done_
  Status verify(ExpertId expert) const;
  Status wait_for_one(LayerId layer);
  void count();

  Parts parts_;
  EventLoads event_;
  LoadBook queue_;
  std::vector<ExpertPool::Slot> slot_of_;  // by expert
  std::vector<LoadId> load_of_;            // by expert: the one that is with the disk
  std::int32_t in_flight_ = 0;             // have room and have not arrived
  bool first_group_ = true;                // of the running layer
  std::vector<ExpertId> group_;            // given to the decoder last
  std::vector<DiskDone> done_;             // scratch, as are these
  std::vector<Eviction> evicted_;
};

}  // namespace pregate
