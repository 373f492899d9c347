#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "binding/environment.h"
#include "binding/job.h"

namespace reverse_distillation::binding {

/// Runs jobs one after the other on its own thread, which starts with the first job. The model or image set
/// that it serves is therefore used by one thread at a time.
///
/// Created, used and destroyed on the event loop of its environment.
class JobThread {
 public:
  explicit JobThread(std::shared_ptr<Environment> environment);
  ~JobThread();
  JobThread(const JobThread&) = delete;
  JobThread& operator=(const JobThread&) = delete;

  /// Queues a job and returns its promise. In a closed environment the promise never settles.
  Napi::Promise submit(std::unique_ptr<Job> job);

  /// Lets the thread end once it has run the waiting jobs. No job may follow.
  void finish();

  /// Asks the running job to stop soon.
  void cancel();

  /// Drops waiting jobs and waits for the running one. Idempotent.
  void stop();

 private:
  void run();

  const std::shared_ptr<Environment> environment_;
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;  ///< Guarded by mutex_, like all members below.
  bool finishing_ = false;
  Job* running_ = nullptr;
  std::deque<std::unique_ptr<Job>> waiting_;
};

}  // namespace reverse_distillation::binding
