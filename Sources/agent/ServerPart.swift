import ServerCore
import Synchronization
import SystemIO

/// The HTTP server as a part of the service.
final class ServerPart: ServicePart {
  private enum ServerState: Sendable {
    case starting
    case listening(String)
    case failed(String)
    case ended
  }

  private let server: any APIServer
  private let name: String
  private let onEnd: @Sendable (String) -> Void
  private let state = Condition(ServerState.starting)
  private let task = Mutex<Task<Void, Never>?>(nil)

  /// - Parameters:
  ///   - name: host and port for messages.
  ///   - onEnd: receives the reason if the server ends before it is stopped.
  init(_ server: any APIServer, name: String, onEnd: @escaping @Sendable (String) -> Void) {
    self.server = server
    self.name = name
    self.onEnd = onEnd
  }

  /// The server's URL; nil before it listens.
  var address: String? {
    state.withState { if case .listening(let url) = $0 { url } else { nil } }
  }

  /// Returns when the server listens.
  ///
  /// A server that neither listens nor fails hangs in the resolver; without a message the reason would be unknown.
  func start() throws {
    let task = Task.detached { [self] in
      do {
        try await server.run { [state] url in state.update { $0 = .listening(url) } }
        end(.ended)
      } catch {
        end(.failed(error.line))
      }
    }
    self.task.withLock { $0 = task }
    let reason: String? = state.wait(atMost: 30) { state in
      switch state {
      case .starting: nil
      case .listening: ""
      case .failed(let reason): reason
      case .ended: "the server ended by itself"
      }
    }
    guard let reason else { throw UnavailableError(description: name + ": not listening after 30 s") }
    if !reason.isEmpty { throw UnavailableError(description: reason) }
  }

  private func end(_ new: ServerState) {
    let wasListening = state.update { state in
      defer { state = new }
      if case .listening = state { return true }
      return false
    }
    guard wasListening else { return }
    if case .failed(let reason) = new { onEnd(reason) } else { onEnd("the server ended by itself") }
  }

  /// Gives pending responses time to complete.
  func stop(atMost seconds: Double) {
    task.withLock { $0 }?.cancel()
    let _: Bool? = state.wait(atMost: seconds) { state in if case .listening = state { nil } else { true } }
  }
}
