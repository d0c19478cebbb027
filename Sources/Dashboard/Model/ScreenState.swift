/// What the keys have changed.
struct ScreenState: Equatable {
  /// What lies over the panels, and hears the keys.
  enum Overlay: Equatable {
    case help(scroll: Int)
    /// The figures of a panel and what they are.
    case explain(PanelID, selected: Int)
    case settings(selected: Int)
    case details(Int32)
    /// The choice of a signal; then the question whether it is meant.
    case signal(Int32, selected: Int, isAsked: Bool)
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
  var focus: PanelID?
  var isMaximized = false
  /// A place in ``TimeAxis/steps``; nil for one that suits the screen.
  var zoom: Int?
  /// The moment that is looked at; nil for now.
  var moment: Double?
  /// The right end of the axis while a moment is looked at.
  var axisEnd: Double?
  /// A line that answers the last key.
  var note: String?
  /// Whether all hosts are shown; the chosen one.
  var isGrid = false
  var host = 0

  init(settings: Settings = Settings()) {
    self.settings = settings
    table.sort = settings.sort
    table.isTree = settings.isTree
    table.isFolded = settings.isFolded
    table.showsKernelThreads = settings.showsKernelThreads
  }
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
    case .terminate: "asks it to end"
    case .kill: "ends it at once"
    case .interrupt: "as Ctrl-C does"
    case .hangup: "reload, or end"
    case .stop: "halts it"
    case .go: "lets it go on"
    case .quit: "ends it with a core dump"
    case .user1, .user2: "what the program makes of it"
    }
  }
}
