#pragma once

#include <condition_variable>
#include <list>
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
  ///
  /// Throws `Error(kOutOfMemory)` if the system refuses the thread; nothing is queued then.
  Napi::Promise submit(std::shared_ptr<Job> job);

  /// Lets the thread end once it has run the waiting jobs. No job may follow.
  void finish();

  /// Drops waiting jobs and asks the running one to stop soon. No job may follow. Idempotent.
  void abandon();

  /// The same, and waits for the running job. Idempotent.
  void stop();

 private:
  /// A job, and what settles it. The latter is made with the job, so that a finished job always comes back to
  /// the event loop, even without memory.
  struct Entry {
    std::shared_ptr<Job> job;
    std::list<Environment::Task> settlement;
  };

  void start();
  void run();

  const std::shared_ptr<Environment> environment_;
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;  ///< Guarded by mutex_, like all members below.
  bool finishing_ = false;
  Job* running_ = nullptr;
  std::list<Entry> waiting_;
};

}  // namespace reverse_distillation::binding
