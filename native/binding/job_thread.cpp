#include "binding/job_thread.h"

#include <chrono>

namespace reverse_distillation::binding {

JobThread::JobThread(std::shared_ptr<Environment> environment) : environment_(std::move(environment)) {
  environment_->threads_.insert(this);
}

JobThread::~JobThread() {
  stop();
  environment_->threads_.erase(this);
}

Napi::Promise JobThread::submit(std::unique_ptr<Job> job) {
  const Napi::Promise promise = job->promise();
  if (environment_->closed()) return promise;
  environment_->begin_work();
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(job));
  }
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  changed_.notify_one();
  return promise;
}

void JobThread::run() {
  for (;;) {
    std::shared_ptr<Job> job;
    {
      std::unique_lock lock(mutex_);
      const auto due = [this] { return stopping_ || finishing_ || !waiting_.empty(); };
      // Not wait(): its symbol came with GCC 12, and binaries that need it do not load next to an older
      // libstdc++.
      while (!changed_.wait_for(lock, std::chrono::hours(1), due)) {
      }
      if (stopping_ || waiting_.empty()) return;
      job = std::move(waiting_.front());
      waiting_.pop_front();
      running_ = job.get();
    }
    job->run();
    {
      const std::lock_guard lock(mutex_);
      running_ = nullptr;
    }
    // Moved, so that the job's references are released on the event loop and nowhere else.
    environment_->post([job = std::move(job), this](Napi::Env env) {
      environment_->end_work();
      job->settle(env);
    });
  }
}

void JobThread::finish() {
  {
    const std::lock_guard lock(mutex_);
    finishing_ = true;
  }
  changed_.notify_one();
}

void JobThread::cancel() {
  const std::lock_guard lock(mutex_);
  if (running_ != nullptr) running_->cancel();
}

void JobThread::stop() {
  std::deque<std::unique_ptr<Job>> dropped;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    dropped.swap(waiting_);
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

}  // namespace reverse_distillation::binding
