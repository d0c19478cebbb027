internal import AgentMetrics

/// State of the screen as keys and the mouse have changed it.
struct ScreenState: Equatable {
  /// A box over the panels, which takes the keys.
  enum Overlay: Equatable {
    case help(scroll: Int)
    /// The figures of a panel and what they are.
    case explain(PanelDescriptor, selected: Int)
    case settings(selected: Int)
    case details(Int32)
    /// The choice of a signal; then its confirmation.
    case signal(SignalDialog)
    /// The filter is being typed; what it was before.
    case filter(before: String)
  }

  var settings = Settings()
  var table = TableState()
  var overlay: Overlay? {
    didSet { if overlay != oldValue { overlayScroll = 0 } }
  }
  /// Rows that the details of a process were scrolled by.
  var overlayScroll = 0
  var focus: PanelDescriptor? {
    didSet { if focus != oldValue { scrolls = [:] } }
  }
  var isMaximized = false
  /// A place in ``TimeAxis/steps``; nil for one that suits the screen.
  var zoom: Int?
  /// The moment that is looked at; nil for now.
  var time: Double?
  /// The right end of the axis while a moment is looked at.
  var axisEnd: Double?
  /// Whether the screen is frozen as it was when Space was pressed.
  var isPaused = false
  /// Rows by which panels other than the process table are scrolled.
  var scrolls: [PanelDescriptor: Int] = [:]
  /// A line that answers the last key.
  var note: String?
  /// Whether all hosts are shown; the chosen one.
  var isGrid = false
  var host = 0

  init(settings: Settings = Settings()) {
    self.settings = settings
    table.choice = settings.table
  }

  /// Leaves the past and the pause.
  mutating func returnToNow() {
    (time, axisEnd, isPaused) = (nil, nil, false)
  }
}

/// The dialog that sends a signal to a process.
struct SignalDialog: Equatable {
  /// The process as the list had it when the dialog was opened; its pid and start time identify it.
  var process: Process
  /// Processes that it has started and that still run; nil where not all processes are known.
  var children: Int?
  /// Processes that its folded row stands for.
  var folded = 1
  /// Place of the signal in ``SignalChoice``.
  var selected = 0
  /// Whether the signal is chosen and its confirmation asked.
  var isAsked = false
  /// Monotonic time at which the confirmation appeared on the screen, or a key was ignored; nil before.
  var shown: Double?

  /// Seconds for which a confirmation must be on the screen without other keys before it is taken.
  static let delay = 0.3
}

/// Signals that can be sent, by name.
enum SignalChoice: CaseIterable {
  case terminate, kill, interrupt, hangup, stop, go, quit, user1, user2

  var name: String {
    switch self {
    case .terminate: "TERM"
    case .kill: "KILL"
    case .interrupt: "INT"
    case .hangup: "HUP"
    case .stop: "STOP"
    case .go: "CONT"
    case .quit: "QUIT"
    case .user1: "USR1"
    case .user2: "USR2"
    }
  }

  var meaning: String {
    switch self {
    case .terminate: "terminate gracefully"
    case .kill: "kill immediately"
    case .interrupt: "interrupt, as Ctrl-C"
    case .hangup: "hang up: reload or terminate"
    case .stop: "suspend"
    case .go: "resume"
    case .quit: "quit with a core dump"
    case .user1, .user2: "user-defined"
    }
  }
}
