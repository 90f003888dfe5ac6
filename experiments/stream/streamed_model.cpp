// SPDX-License-Identifier: Apache-2.0
#include "experiments/stream/streamed_model.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "traces/synthetic.hpp"

namespace pregate {

Result<std::unique_ptr<OpenedStream>> open_stream(const ShippedCatalogue& catalogue, ForwardRequest request,
                                                  const std::string& file) {
  const Result<ModelSpec> spec = forward_spec(catalogue, request);
  if (!spec) return spec.error();
  const Result<Precision> precision = parse_precision(request.precision);
  if (!precision) return precision.error().at("--precision");
  const Result<std::string> identity = weights_identity(catalogue, request);
  if (!identity) return identity.error();
  Result<ExpertPack> pack = read_expert_pack(file);
  if (!pack) return pack.error();
  ExpertLayout layout(*spec, *precision);
  if (Status fits = check_expert_pack(*pack, *spec, layout, *identity); !fits) return fits.error().at(file);
  request.routed_experts = false;
  Result<ForwardModel> model = open_forward_model(catalogue, request);
  if (!model) return model.error();
  std::string provenance = fmt::format("{}; routed experts streamed from disk", model->provenance);
  return std::unique_ptr<OpenedStream>(new OpenedStream{.model = std::move(*model),
                                                        .layout = std::move(layout),
                                                        .pack = std::move(*pack),
                                                        .file = file,
                                                        .provenance = std::move(provenance)});
}

Result<std::shared_ptr<const RouteTrace>> synthetic_choices(const ShippedCatalogue& catalogue,
                                                            const ModelSpec& spec, std::int64_t decode_tokens,
                                                            std::uint64_t seed) {
  const Result<NamedText> text = catalogue.scenario("synthetic");
  if (!text) return text.error();
  Result<ScenarioDocument> document = ScenarioDocument::parse(*text);
  if (!document) return document.error();
  const Result<Scenario> scenario = document->resolve(catalogue);
  if (!scenario) return scenario.error();
  SyntheticParams params = *scenario->workload.synthetic;
  params.prompt_tokens = 1;
  params.decode_tokens = static_cast<std::int32_t>(std::min<std::int64_t>(decode_tokens, 1 << 20));
  params.seed = seed;
  if (Status valid = validate(params); !valid) return valid.error();
  return std::make_shared<const RouteTrace>(synthesize(shape_of(spec), params));
}

}  // namespace pregate
