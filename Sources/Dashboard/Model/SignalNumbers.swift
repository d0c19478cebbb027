internal import SystemIO

extension SignalChoice {
  /// Number of the signal on this system.
  var number: Int32 {
    switch self {
    case .terminate: SIGTERM
    case .kill: SIGKILL
    case .interrupt: SIGINT
    case .hangup: SIGHUP
    case .stop: SIGSTOP
    case .go: SIGCONT
    case .quit: SIGQUIT
    case .user1: SIGUSR1
    case .user2: SIGUSR2
    }
  }
}
