internal import Synchronization
internal import SystemIO

/// File beside the archive with the cursor of each receiver, so that a new process continues there.
///
/// A line per receiver: milliseconds since 1970, a blank, its URL. The file is replaced atomically. A killed process
/// loses no change, a power failure those of the last ``pace`` seconds.
final class CursorFile: Sendable {
  private struct State {
    var timestamps: [String: Int64] = [:]
    var written: [String: Int64] = [:]
    var syncedAt = -Double.infinity
    var isFailing = false
  }

  /// Minimum seconds between two waits for the disk.
  private static let pace = 5.0

  private let path: String
  private let report: @Sendable (LogNotice) -> Void
  private let state: Mutex<State>

  init(path: String, report: @escaping @Sendable (LogNotice) -> Void) {
    self.path = path
    self.report = report
    var state = State()
    if Files.exists(path) {
      do {
        for line in String(decoding: try Files.contents(ofNamed: path), as: UTF8.self).split(separator: "\n") {
          let parts = line.split(separator: " ", maxSplits: 1)
          guard parts.count == 2, let time = Int64(parts[0]) else { continue }
          state.timestamps[String(parts[1])] = time
        }
      } catch {
        report(LogNotice("push: receivers get the samples from now on", ["reason": error.description]))
      }
    }
    state.written = state.timestamps
    self.state = Mutex(state)
  }

  /// The cursor of a receiver in milliseconds; nil for a new one.
  subscript(url: String) -> Int64? { state.withLock { $0.timestamps[url] } }

  /// Sets a cursor and writes the file.
  ///
  /// - Parameter isUrgent: whether to wait for the disk, as on the last write.
  func set(_ url: String, _ time: Int64, isUrgent: Bool = false) {
    let failure: SystemError? = state.withLock { state in
      state.timestamps[url] = time
      let now = Clock.monotonic
      guard state.timestamps != state.written || isUrgent else { return nil }
      let isSync = isUrgent || now - state.syncedAt >= Self.pace
      if isSync { state.syncedAt = now }
      do throws(SystemError) {
        try write(state.timestamps, isSync: isSync)
        state.written = state.timestamps
        state.isFailing = false
        return nil
      } catch {
        defer { state.isFailing = true }
        return state.isFailing ? nil : error
      }
    }
    guard let failure else { return }
    report(
      LogNotice(
        "push: after a restart receivers get some samples twice, or a gap", ["reason": failure.description]))
  }

  private func write(_ timestamps: [String: Int64], isSync: Bool) throws(SystemError) {
    let text = timestamps.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)\n" }.joined()
    try Files.replace(path, with: text, mode: 0o600, isSynced: isSync)
  }
}
