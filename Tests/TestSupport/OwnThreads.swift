internal import SystemIO
package import Testing

/// Runs blocking tests on threads of their own: the concurrency pool has few, and other tests' tasks need them.
package struct OwnThreads: SuiteTrait, TestTrait, TestScoping {
  /// Applies to each test of a suite.
  package var isRecursive: Bool { true }

  /// Performs a test on its own threads.
  package func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    try await withTaskExecutorPreference(ThreadPerJob.shared) { try await function() }
  }

  /// Gives every job a new thread.
  private final class ThreadPerJob: TaskExecutor {
    static let shared = ThreadPerJob()

    func enqueue(_ job: consuming ExecutorJob) {
      let job = UnownedJob(job)
      // As much as the main thread has, on which the dashboard runs in the program.
      Thread.start("test", stackSize: 8 << 20) { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
  }
}

extension Trait where Self == OwnThreads {
  /// The test, or each test of the suite, blocks.
  package static var ownThreads: Self { OwnThreads() }
}
