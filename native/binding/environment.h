#pragma once

#include <napi.h>

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_set>

namespace reverse_distillation::binding {

class JobThread;

/// This addon's part of one Node environment (the main thread or a worker): the way back to its event loop,
/// and its job threads, all of which end before the environment does.
///
/// Shared, because Node destroys instance data and wrapped objects in no reliable order, and job threads
/// refer to it.
class Environment {
 public:
  /// Creates the environment's instance data. Call once.
  static void install(Napi::Env env);

  /// The environment's instance.
  static const std::shared_ptr<Environment>& of(Napi::Env env);

  explicit Environment(Napi::Env env);
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  /// What runs on the event loop.
  using Task = std::function<void(Napi::Env)>;

  /// Any thread: runs `task` on the event loop, in order. Once the environment closes, tasks are dropped (and
  /// destroyed on the event loop).
  void post(Task task);

  /// The same for a list of tasks, without allocating memory.
  void post(std::list<Task>&& tasks) noexcept;

  /// Event loop: the process stays alive while work is pending.
  void begin_work();
  void end_work();

  /// Event loop: cancels running jobs, drops waiting ones and joins all threads. No more work is accepted.
  /// Called at process.exit(), before LibTorch's statics are destroyed, and when the environment is torn
  /// down. Idempotent.
  void shutdown();
  bool closed() const { return closed_; }

 private:
  friend class JobThread;

  void drain(Napi::Env env);
  static void on_wake(napi_env env, napi_value callback, void* context, void* data);

  napi_env env_;
  napi_threadsafe_function wake_ = nullptr;
  bool closed_ = false;
  int64_t pending_ = 0;
  std::unordered_set<JobThread*> threads_;

  std::mutex mutex_;
  bool waking_allowed_ = true;  ///< Guarded by mutex_.
  std::list<Task> messages_;    ///< Guarded by mutex_.
};

}  // namespace reverse_distillation::binding
