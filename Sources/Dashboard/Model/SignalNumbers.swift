internal import SystemIO

extension SignalChoice {
  /// Number of the signal on this system.
  var number: Int32 {
    switch self {
    case .terminate: Signals.terminate
    case .kill: Signals.kill
    case .interrupt: Signals.interrupt
    case .hangup: Signals.hangup
    case .stop: Signals.stop
    case .go: Signals.resume
    case .quit: Signals.quit
    case .user1: Signals.user1
    case .user2: Signals.user2
    }
  }
}
