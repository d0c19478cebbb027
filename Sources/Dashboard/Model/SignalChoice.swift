internal import SystemIO

/// A signal that can be sent to processes.
struct SignalChoice: Equatable {
  let name: String
  let number: Int32
  let meaning: String

  private static let meanings: [(name: String, meaning: String)] = [
    ("TERM", "terminate gracefully"), ("KILL", "kill immediately"), ("INT", "interrupt, as Ctrl-C"),
    ("HUP", "hang up: reload or terminate"), ("STOP", "suspend"), ("CONT", "resume"),
    ("QUIT", "quit with a core dump"), ("USR1", "user-defined"), ("USR2", "user-defined"),
    ("TSTP", "suspend, as Ctrl-Z"), ("ABRT", "abort with a core dump"), ("ALRM", "timer"),
    ("WINCH", "the window has changed"), ("SEGV", "as an invalid memory access"), ("PIPE", "as a broken pipe"),
    ("CHLD", "as a child's end"),
  ]

  /// The signals of this system: the usual ones first, then the others by number.
  static let all: [SignalChoice] = {
    let known = Signals.all
    let usual = meanings.prefix(9).compactMap { entry in known.first { $0.name == entry.name } }
    let others = known.filter { signal in !usual.contains { $0.name == signal.name } }
    return (usual + others).map { signal in
      let meaning = meanings.first { $0.name == signal.name }?.meaning ?? ""
      return SignalChoice(name: signal.name, number: signal.number, meaning: meaning)
    }
  }()
}
