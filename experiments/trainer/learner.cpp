// SPDX-License-Identifier: Apache-2.0
#include "experiments/trainer/learner.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <stdexcept>

#include "experiments/trainer/network.hpp"

// OpenBLAS, where libtorch was linked with it, has threads of its own.
extern "C" __attribute__((weak)) void openblas_set_num_threads(int count);

namespace pregate {
namespace {

using torch::Tensor;

Tensor as_tensor(const std::vector<std::int64_t>& tokens, std::int64_t rows) {
  return torch::tensor(tokens, torch::kLong).view({rows, -1});
}

// Of position i predicting i + 1.
Tensor loss_of(Network& network, const Tensor& tokens, torch::ScalarType products,
               at::Reduction::Reduction sum, std::vector<LayerChoice>* choices) {
  const std::int64_t length = tokens.size(1) - 1;
  ForwardResult result = network.forward(tokens.narrow(1, 0, length), products);
  if (choices != nullptr) *choices = std::move(result.choices);
  const Tensor targets = tokens.narrow(1, 1, length).reshape({-1});
  return at::nll_loss(result.logits.log_softmax(-1), targets, {}, sum);
}

template <typename T>
std::vector<T> values_of(const Tensor& tensor) {
  const Tensor flat = tensor.detach().contiguous();
  const T* data = flat.data_ptr<T>();
  return std::vector<T>(data, data + flat.numel());
}

// Exceptions of libtorch carry a stack trace; a user needs the first line.
template <typename Run>
auto guarded(Run run) {
  try {
    return run();
  } catch (const c10::Error& error) {
    throw std::runtime_error(error.what_without_backtrace());
  }
}

}  // namespace

struct Learner::State {
  State(const NetworkShape& s, const TrainingRecipe& r) : shape(s), recipe(r) {
    at::set_num_threads(recipe.threads);
    if (openblas_set_num_threads != nullptr) openblas_set_num_threads(recipe.threads);
    network = std::make_shared<Network>(shape, recipe.seed);
    std::vector<torch::optim::OptimizerParamGroup> groups;
    groups.emplace_back(network->matrices(), options(recipe.weight_decay));
    groups.emplace_back(network->norms(), options(0));
    optimizer = std::make_unique<torch::optim::AdamW>(std::move(groups), torch::optim::AdamWOptions());
  }

  [[nodiscard]] std::unique_ptr<torch::optim::AdamWOptions> options(double decay) const {
    auto made = std::make_unique<torch::optim::AdamWOptions>(recipe.learning_rate);
    made->betas({recipe.beta1, recipe.beta2}).weight_decay(decay);
    return made;
  }

  // Rises in a line over the warm-up, then falls with a cosine.
  [[nodiscard]] double learning_rate(std::int64_t step) const {
    if (step < recipe.warmup)
      return recipe.learning_rate * static_cast<double>(step + 1) / static_cast<double>(recipe.warmup);
    const double part = static_cast<double>(step - recipe.warmup) /
                        static_cast<double>(std::max<std::int64_t>(recipe.steps - recipe.warmup, 1));
    const double cosine = 0.5 * (1 + std::cos(3.14159265358979323846 * std::min(part, 1.0)));
    return recipe.learning_rate * (recipe.final_fraction + (1 - recipe.final_fraction) * cosine);
  }

  // An expert above the mean load becomes less wanted, one below more.
  double balance(const std::vector<LayerChoice>& choices) {
    double worst = 0;
    for (std::size_t i = 0; i < choices.size(); ++i) {
      const std::vector<std::int64_t>& load = choices[i].load;
      const double mean = static_cast<double>(std::accumulate(load.begin(), load.end(), std::int64_t{0})) /
                          static_cast<double>(load.size());
      auto* correction = network->correction(i).data_ptr<float>();
      for (std::size_t e = 0; e < load.size(); ++e) {
        const double excess = static_cast<double>(load[e]) - mean;
        if (excess != 0) correction[e] -= static_cast<float>(std::copysign(recipe.balance_rate, excess));
        worst = std::max(worst, static_cast<double>(load[e]) / mean);
      }
    }
    return worst;
  }

  [[nodiscard]] torch::ScalarType products() const { return recipe.bf16 ? torch::kBFloat16 : torch::kFloat; }

  NetworkShape shape;
  TrainingRecipe recipe;
  std::shared_ptr<Network> network;
  std::unique_ptr<torch::optim::AdamW> optimizer;
  std::int64_t done = 0;
};

Learner::Learner(const NetworkShape& shape, const TrainingRecipe& recipe)
    : state_(guarded([&] { return std::make_unique<State>(shape, recipe); })) {}
Learner::~Learner() = default;

std::int64_t Learner::steps_done() const {
  return state_->done;
}

StepResult Learner::step(const std::vector<std::int64_t>& tokens) {
  State& s = *state_;
  return guarded([&] {
    StepResult result;
    result.learning_rate = s.learning_rate(s.done);
    for (auto& group : s.optimizer->param_groups()) group.options().set_lr(result.learning_rate);
    std::vector<LayerChoice> choices;
    s.optimizer->zero_grad();
    const Tensor loss =
        loss_of(*s.network, as_tensor(tokens, s.recipe.batch), s.products(), at::Reduction::Mean, &choices);
    loss.backward();
    result.loss = loss.item<double>();
    result.gradient_norm = torch::nn::utils::clip_grad_norm_(s.network->parameters(), s.recipe.clip);
    s.optimizer->step();
    result.imbalance = s.balance(choices);
    ++s.done;
    return result;
  });
}

double Learner::negative_log_likelihood(const std::vector<std::int64_t>& tokens, std::int64_t rows,
                                        std::int64_t length) {
  State& s = *state_;
  return guarded([&] {
    const torch::NoGradGuard no_gradients;
    if (static_cast<std::int64_t>(tokens.size()) != rows * length)
      throw std::runtime_error("rows * length tokens");
    return loss_of(*s.network, as_tensor(tokens, rows), s.products(), at::Reduction::Sum, nullptr)
        .item<double>();
  });
}

Computed Learner::compute(const std::vector<std::int64_t>& tokens) {
  State& s = *state_;
  return guarded([&] {
    const torch::NoGradGuard no_gradients;
    const ForwardResult result = s.network->forward(as_tensor(tokens, 1), torch::kFloat);
    Computed computed;
    computed.logits = values_of<float>(result.logits);
    for (const LayerChoice& choice : result.choices) {
      computed.experts.push_back(values_of<std::int32_t>(choice.experts.to(torch::kInt)));
      computed.selection.push_back(values_of<float>(choice.selection));
    }
    return computed;
  });
}

std::vector<NamedValues> Learner::weights() const {
  return guarded([&] {
    std::vector<NamedValues> all;
    state_->network->visit_tensors([&](const std::string& name, const Tensor& tensor) {
      all.push_back({name, tensor.sizes().vec(), values_of<float>(tensor)});
    });
    return all;
  });
}

void Learner::set_weights(const Lookup& lookup) {
  guarded([&] {
    const torch::NoGradGuard no_gradients;
    state_->network->visit_tensors([&](const std::string& name, Tensor tensor) {
      const std::vector<float> values = lookup(name, tensor.numel());
      tensor.copy_(torch::tensor(values).view(tensor.sizes()));
    });
  });
}

void Learner::save(const std::string& path) const {
  guarded([&] {
    torch::serialize::OutputArchive archive, optimizer;
    state_->network->save(archive);
    state_->optimizer->save(optimizer);
    archive.write("optimizer", optimizer);
    archive.write("steps_done", torch::tensor(state_->done));
    const std::string part = path + ".part";
    archive.save_to(part);
    if (std::rename(part.c_str(), path.c_str()) != 0) throw std::runtime_error("cannot write " + path);
  });
}

void Learner::load(const std::string& path) {
  guarded([&] {
    torch::serialize::InputArchive archive, optimizer;
    archive.load_from(path);
    state_->network->load(archive);
    archive.read("optimizer", optimizer);
    state_->optimizer->load(optimizer);
    Tensor done;
    archive.read("steps_done", done);
    state_->done = done.item<std::int64_t>();
  });
}

}  // namespace pregate
