#include "machine.h"

#include <algorithm>
#include <csignal>
#include <exception>
#include <limits>
#include <numeric>
#include <sstream>

#include "fault.h"

namespace cuda_emulation {

namespace {

constexpr int kWarpSize = 32;
constexpr unsigned kMostThreads = 1024;
constexpr size_t kMostDynamicBytes = size_t{227} << 10;

bool same_site(const Site& a, const Site& b) {
  return a.line() == b.line() && a.column() == b.column() && std::string_view(a.file_name()) == b.file_name();
}

std::string describe(const Site& site) {
  return std::string(site.file_name()) + ":" + std::to_string(site.line());
}

std::string describe(const uint3& index) {
  std::ostringstream text;
  text << "(" << index.x << ", " << index.y << ", " << index.z << ")";
  return text.str();
}

}  // namespace

Machine& Machine::instance() {
  static Machine machine;
  return machine;
}

Machine::Machine() {
  // The handler leaves the faulting thread for good, so the signal must not stay blocked.
  struct sigaction action = {};
  action.sa_handler = &Machine::on_signal;
  action.sa_flags = SA_NODEFER;
  for (const int number : {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE}) sigaction(number, &action, nullptr);
}

void Machine::plant(Mutation mutation) {
  mutation_ = mutation;
  barriers_.clear();
  arrays_.clear();
}

cudaError_t Machine::run(dim3 grid, dim3 block, size_t dynamic_bytes, const std::function<void()>& kernel) {
  const uint64_t threads = uint64_t{block.x} * block.y * block.z;
  const uint64_t blocks = uint64_t{grid.x} * grid.y * grid.z;
  if (threads == 0 || threads > kMostThreads || blocks == 0 || grid.x > unsigned{INT32_MAX} ||
      grid.y > UINT16_MAX || grid.z > UINT16_MAX || block.z > 64) {
    return cudaErrorInvalidConfiguration;
  }
  if (dynamic_bytes > kMostDynamicBytes) return cudaErrorInvalidValue;
  ++launches_;

  kernel_ = &kernel;
  block_size_ = block;
  grid_size_ = grid;
  size_ = static_cast<int>(threads);
  while (threads_.size() < threads) {
    threads_.emplace_back();
    threads_.back().fiber = std::make_unique<Fiber>(&Machine::enter);
  }
  std::vector<uint64_t> order(blocks);
  std::iota(order.begin(), order.end(), uint64_t{0});
  std::shuffle(order.begin(), order.end(), random_);
  for (const uint64_t i : order) {
    block_index_ = {static_cast<unsigned>(i % grid.x), static_cast<unsigned>(i / grid.x % grid.y),
                    static_cast<unsigned>(i / grid.x / grid.y)};
    shared_.reset(dynamic_bytes - std::min(dynamic_bytes, mutation_.missing_dynamic_bytes));
    run_block();
  }
  return cudaSuccess;
}

void Machine::run_block() {
  ready_.clear();
  done_ = at_barrier_ = 0;
  block_epoch_ = 1;
  fault_.clear();
  for (int i = 0; i < size_; ++i) {
    Thread& thread = threads_[static_cast<size_t>(i)];
    const auto linear = static_cast<unsigned>(i);
    thread.index = {linear % block_size_.x, linear / block_size_.x % block_size_.y,
                    linear / block_size_.x / block_size_.y};
    thread.warp_epoch = 1;
    thread.fiber->reset();
    make_ready(i);
  }
  while (done_ < size_) {
    if (ready_.empty()) report_deadlock();
    const size_t drawn = random_() % ready_.size();
    current_ = ready_[drawn];
    ready_[drawn] = ready_.back();
    ready_.pop_back();
    scheduler_.switch_to(*threads_[static_cast<size_t>(current_)].fiber);
    if (!fault_.empty()) {
      const std::string message = describe(current_) + ": " + fault_;
      current_ = -1;
      throw Fault(message);
    }
  }
  current_ = -1;
}

void Machine::enter() {
  Machine& machine = instance();
  try {
    (*machine.kernel_)();
  } catch (const std::exception& error) {
    machine.fault_ = error.what();
  }
  machine.threads_[static_cast<size_t>(machine.current_)].state = State::kDone;
  ++machine.done_;
  machine.wait();
}

void Machine::on_signal(int number) {
  Machine& machine = instance();
  if (machine.current_ < 0) {
    // Not caused by a kernel: do what would happen without this handler.
    std::signal(number, SIG_DFL);
    return;
  }
  const bool memory = number == SIGSEGV || number == SIGBUS;
  machine.fault_ = memory ? "memory outside of every buffer is accessed"
                          : "undefined behaviour, such as a vector access that is not aligned";
  machine.wait();
}

void Machine::wait() { threads_[static_cast<size_t>(current_)].fiber->switch_to(scheduler_); }

void Machine::make_ready(int thread) {
  threads_[static_cast<size_t>(thread)].state = State::kReady;
  ready_.push_back(thread);
}

void Machine::maybe_yield() {
  if (random_() % 2 == 0) return;
  make_ready(current_);
  wait();
}

const uint3& Machine::thread_index() const { return threads_[static_cast<size_t>(current_)].index; }

int Machine::lane() const { return current_ % kWarpSize; }

Moment Machine::now() const {
  return {current_, current_ / kWarpSize, block_epoch_, threads_[static_cast<size_t>(current_)].warp_epoch};
}

int Machine::number_of(std::vector<std::string>& known, const Site& site) {
  const std::string name = cuda_emulation::describe(site);
  const auto found = std::find(known.begin(), known.end(), name);
  if (found != known.end()) return static_cast<int>(found - known.begin());
  known.push_back(name);
  return static_cast<int>(known.size()) - 1;
}

void Machine::block_barrier(const Site& site) {
  if (number_of(barriers_, site) == mutation_.dropped_barrier) return;
  Thread& thread = threads_[static_cast<size_t>(current_)];
  thread.state = State::kAtBarrier;
  thread.site = site;
  if (++at_barrier_ == size_) release_barrier();
  wait();
}

void Machine::release_barrier() {
  const Site& site = threads_[0].site;
  for (int i = 0; i < size_; ++i) {
    const Thread& thread = threads_[static_cast<size_t>(i)];
    if (!same_site(thread.site, site)) {
      throw Fault("divergent barrier: some threads wait at " + cuda_emulation::describe(site) +
                  ", others at " + cuda_emulation::describe(thread.site));
    }
  }
  at_barrier_ = 0;
  ++block_epoch_;
  for (int i = 0; i < size_; ++i) make_ready(i);
}

uint64_t Machine::warp_operation(WarpOperation operation, unsigned mask, uint64_t value, int source,
                                 const Site& site) {
  Thread& thread = threads_[static_cast<size_t>(current_)];
  if ((mask >> lane() & 1U) == 0) throw Fault("a lane calls a warp operation whose mask leaves it out");
  thread.state = State::kAtWarp;
  thread.operation = operation;
  thread.mask = mask;
  thread.value = value;
  thread.source = source;
  thread.site = site;
  const int warp = current_ / kWarpSize;
  bool all = true;
  for (int i = 0; i < kWarpSize && all; ++i) {
    if ((mask >> i & 1U) == 0) continue;
    const int other = warp * kWarpSize + i;
    if (other >= size_) throw Fault("a warp operation's mask names a lane that the block does not have");
    const Thread& peer = threads_[static_cast<size_t>(other)];
    all = peer.state == State::kAtWarp;
    if (!all) break;
    if (peer.mask != mask || peer.operation != operation || !same_site(peer.site, site)) {
      throw Fault("lanes of one mask are at different warp operations: " + cuda_emulation::describe(site) +
                  " and " + cuda_emulation::describe(peer.site));
    }
  }
  if (all) complete(warp, mask);
  wait();
  return thread.result;
}

void Machine::complete(int warp, unsigned mask) {
  const auto lane_of = [&](int i) -> Thread& { return threads_[static_cast<size_t>(warp * kWarpSize + i)]; };
  int64_t greatest = std::numeric_limits<int64_t>::min();
  uint64_t ballot = 0;
  for (int i = 0; i < kWarpSize; ++i) {
    if ((mask >> i & 1U) == 0) continue;
    greatest = std::max(greatest, static_cast<int64_t>(lane_of(i).value));
    ballot |= uint64_t{lane_of(i).value != 0} << i;
  }
  for (int i = 0; i < kWarpSize; ++i) {
    if ((mask >> i & 1U) == 0) continue;
    Thread& thread = lane_of(i);
    switch (thread.operation) {
      case WarpOperation::kBarrier:
        ++thread.warp_epoch;
        break;
      case WarpOperation::kShuffle:
        if ((mask >> thread.source & 1U) == 0) throw Fault("a shuffle reads a lane that takes no part in it");
        thread.result = lane_of(thread.source).value;
        break;
      case WarpOperation::kMaximum:
        thread.result = static_cast<uint64_t>(greatest);
        break;
      case WarpOperation::kBallot:
        thread.result = ballot;
        break;
    }
    make_ready(warp * kWarpSize + i);
  }
}

SharedMemory::Array Machine::shared_array(const void* declaration, size_t count, size_t element) {
  const auto found = std::find(arrays_.begin(), arrays_.end(), declaration);
  const auto number = static_cast<int>(found - arrays_.begin());
  if (found == arrays_.end()) arrays_.push_back(declaration);
  return shared_.declared(declaration, (number == mutation_.shortened_array ? count - 1 : count) * element);
}

void Machine::report_deadlock() {
  std::ostringstream message;
  message << "divergent barrier: no thread can go on; " << done_ << " of " << size_ << " have returned";
  int told = 0;
  for (int i = 0; i < size_ && told < 2; ++i) {
    const Thread& thread = threads_[static_cast<size_t>(i)];
    if (thread.state == State::kDone) continue;
    message << "; " << describe(i) << " waits at " << cuda_emulation::describe(thread.site);
    ++told;
  }
  current_ = -1;
  throw Fault(message.str());
}

std::string Machine::describe(int thread) const {
  return "thread " + cuda_emulation::describe(threads_[static_cast<size_t>(thread)].index) + " of block " +
         cuda_emulation::describe(block_index_);
}

}  // namespace cuda_emulation
