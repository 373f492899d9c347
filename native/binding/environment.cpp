#include "binding/environment.h"

#include "binding/guard.h"
#include "binding/job_thread.h"

namespace reverse_distillation::binding {

Environment::Environment(Napi::Env env) : env_(env) {
  const napi_status status =
      napi_create_threadsafe_function(env, nullptr, nullptr, Napi::String::New(env, "reverse-distillation"),
                                      0, 1, nullptr, nullptr, this, &Environment::on_wake, &wake_);
  NAPI_THROW_IF_FAILED_VOID(env, status);
  napi_unref_threadsafe_function(env, wake_);
}

void Environment::install(Napi::Env env) {
  auto* const held = new std::shared_ptr<Environment>(std::make_shared<Environment>(env));
  env.SetInstanceData(held);
  // Hooks run last in, first out. This one is added after the function's own, so the function is still usable
  // when it runs.
  napi_add_env_cleanup_hook(
      env, [](void* self) { static_cast<Environment*>(self)->shutdown(); }, held->get());
}

const std::shared_ptr<Environment>& Environment::of(Napi::Env env) {
  return *env.GetInstanceData<std::shared_ptr<Environment>>();
}

void Environment::post(Task task) {
  std::list<Task> tasks;
  tasks.push_back(std::move(task));
  post(std::move(tasks));
}

void Environment::post(std::list<Task>&& tasks) noexcept {
  const std::lock_guard lock(mutex_);
  messages_.splice(messages_.end(), tasks);
  // A status other than ok means that the function is closing; it must not be touched again.
  if (waking_allowed_ && napi_call_threadsafe_function(wake_, nullptr, napi_tsfn_nonblocking) != napi_ok) {
    waking_allowed_ = false;
  }
}

void Environment::on_wake(napi_env env, napi_value, void* context, void*) {
  if (env == nullptr) return;  // The environment is being torn down.
  static_cast<Environment*>(context)->drain(Napi::Env(env));
}

void Environment::drain(Napi::Env env) {
  const Napi::HandleScope scope(env);
  for (;;) {
    std::list<Task> next;
    {
      const std::lock_guard lock(mutex_);
      if (messages_.empty() || closed_) return;
      next.splice(next.begin(), messages_, messages_.begin());
    }
    // No exception may leave this callback: there is no JavaScript above it to catch one.
    try {
      next.front()(env);
    } catch (const Napi::Error& error) {
      napi_fatal_exception(env, error.Value());
    } catch (...) {
      napi_fatal_exception(env, describe_current_exception().to_error(env).Value());
    }
  }
}

void Environment::begin_work() {
  if (pending_++ == 0) napi_ref_threadsafe_function(env_, wake_);
}

void Environment::end_work() {
  if (--pending_ == 0 && !closed_) napi_unref_threadsafe_function(env_, wake_);
}

void Environment::shutdown() {
  if (closed_) return;
  closed_ = true;
  for (JobThread* thread : threads_) thread->abandon();
  for (JobThread* thread : threads_) thread->stop();
  std::list<Task> dropped;
  {
    const std::lock_guard lock(mutex_);
    waking_allowed_ = false;
    dropped.swap(messages_);
  }
}

}  // namespace reverse_distillation::binding
