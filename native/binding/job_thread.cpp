#include "binding/job_thread.h"

#include <chrono>
#include <system_error>

#include "core/thread_team.h"

namespace reverse_distillation::binding {

JobThread::JobThread(std::shared_ptr<Environment> environment) : environment_(std::move(environment)) {
  environment_->threads_.insert(this);
}

JobThread::~JobThread() {
  stop();
  environment_->threads_.erase(this);
}

Napi::Promise JobThread::submit(std::shared_ptr<Job> job) {
  const Napi::Promise promise = job->promise();
  if (environment_->closed()) return promise;
  start();
  std::list<Entry> entry;
  Entry& added = entry.emplace_back();
  added.settlement.push_back([job, this](Napi::Env env) {
    environment_->end_work();
    job->settle(env);
  });
  added.job = std::move(job);
  environment_->begin_work();
  {
    const std::lock_guard lock(mutex_);
    waiting_.splice(waiting_.end(), entry);
  }
  changed_.notify_one();
  return promise;
}

void JobThread::start() {
  if (thread_.joinable()) return;
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error&) {
    throw_thread_refused("a thread for a detector's work");
  }
}

void JobThread::run() {
  for (;;) {
    std::list<Entry> next;
    {
      std::unique_lock lock(mutex_);
      const auto due = [this] { return stopping_ || finishing_ || !waiting_.empty(); };
      // Not wait(): its symbol came with GCC 12, and binaries that need it do not load next to an older
      // libstdc++.
      while (!changed_.wait_for(lock, std::chrono::hours(1), due)) {
      }
      if (stopping_ || waiting_.empty()) return;
      next.splice(next.begin(), waiting_, waiting_.begin());
      running_ = next.front().job.get();
    }
    Entry& entry = next.front();
    entry.job->run();
    {
      const std::lock_guard lock(mutex_);
      running_ = nullptr;
    }
    // Its settlement refers to the job too. The last reference must end on the event loop.
    entry.job.reset();
    environment_->post(std::move(entry.settlement));
  }
}

void JobThread::finish() {
  {
    const std::lock_guard lock(mutex_);
    finishing_ = true;
  }
  changed_.notify_one();
}

void JobThread::abandon() {
  std::list<Entry> dropped;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    dropped.swap(waiting_);
    if (running_ != nullptr) running_->cancel();
  }
  changed_.notify_one();
}

void JobThread::stop() {
  abandon();
  if (thread_.joinable()) thread_.join();
}

}  // namespace reverse_distillation::binding
