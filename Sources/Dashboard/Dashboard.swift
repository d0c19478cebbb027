public import History
internal import AgentMetrics
internal import SystemIO

/// What the dashboard has to know besides the samples.
public struct DashboardOptions: Sendable {
  /// Where the HTTP server listens, as a URL; nil where there is none.
  public var listening: String?
  /// Version of the program.
  public var version: String
  /// Nominal seconds between two samples.
  public var sampleInterval: Int
  /// The newest log message that is held back while the screen is drawn; nil where there is none.
  public var messages: @Sendable () -> String?

  /// Options of a dashboard.
  public init(
    listening: String? = nil, version: String, sampleInterval: Int,
    messages: @escaping @Sendable () -> String? = { nil }
  ) {
    self.listening = listening
    self.version = version
    self.sampleInterval = sampleInterval
    self.messages = messages
  }
}

/// Why the dashboard ended.
public enum DashboardExit: Sendable, Equatable {
  /// Its user wanted it: `q`, Ctrl-C, or the reader of the output went away.
  case quit
  /// SIGTERM, SIGHUP or SIGQUIT.
  case terminated(signal: Int32)
}

/// The terminal UI: draws the history and hears the keys, until it is told to end.
final class Dashboard {
  private let history: History
  private let options: DashboardOptions
  private let now: () -> (seconds: Double, utcOffset: Int)
  private var state = ScreenState()
  private var frozen: [History.Entry] = []

  /// A dashboard on a history.
  ///
  /// - Parameter now: the wall clock in POSIX seconds, and what is to be added for local time.
  init(
    history: History, options: DashboardOptions,
    now: @escaping () -> (seconds: Double, utcOffset: Int) = localNow
  ) {
    self.history = history
    self.options = options
    self.now = now
  }

  /// Runs on the calling thread, the main one, and returns when it is to end.
  func run(on terminal: any Terminal) -> DashboardExit {
    let wake = terminal.wake
    let observation = history.observe { _ in wake() }
    defer { history.remove(observation) }
    var mustDraw = true
    // Nobody tells when the preview comes, a few milliseconds after the start.
    var untilPreview = 0.01
    while true {
      if mustDraw { mustDraw = !draw(on: terminal) }
      // The clock in the corner goes on between samples; a tick on the second comes first and draws it along.
      let seconds = now().seconds
      var timeout = mustDraw ? 1 : seconds.rounded(.down) + 1.1 - seconds
      if history.latest == nil, history.preview == nil {
        timeout = min(timeout, untilPreview)
        untilPreview *= 2
      }
      switch terminal.nextEvent(timeout: timeout) {
      case .key(let key):
        switch handle(key, terminal) {
        case .quit: return .quit
        case .draw: mustDraw = true
        case .nothing: break
        }
      case .resized, .woken, .timeout, .writable:
        mustDraw = true
      case .suspend:
        terminal.suspend()
        mustDraw = true
      case .continued:
        mustDraw = true
      case .terminated(let signal):
        return signal == SIGINT ? .quit : .terminated(signal: signal)
      case .hangup:
        return .quit
      }
    }
  }

  private func draw(on terminal: any Terminal) -> Bool {
    let size = terminal.size
    let glyphs = terminal.glyphs
    let entries = state.isPaused ? frozen : recent(for: size, glyphs)
    let moment = now()
    let grid = Screen(
      entries: entries, preview: history.preview?.sample, interval: history.interval, size: size, glyphs: glyphs,
      options: options, state: state, now: moment.seconds, utcOffset: moment.utcOffset
    ).draw()
    return terminal.present(grid)
  }

  /// As much of the past as the widest graph shows.
  private func recent(for size: Size, _ glyphs: Glyphs) -> [History.Entry] {
    let columns = Graph.columns(in: max(1, size.width), glyphs)
    return history.last(seconds: Double(columns + 1) * Double(max(1, history.interval)))
  }

  private enum Answer {
    case quit, draw, nothing
  }

  private func handle(_ key: KeyPress, _ terminal: any Terminal) -> Answer {
    switch key {
    case .character("q"), .character("Q"), .character("\u{3}"):
      return .quit
    case .character("\u{1A}"):
      // Where the terminal does not make it a signal.
      terminal.suspend()
    case .character("\u{C}"):
      terminal.invalidate()
    case .character("h"), .character("?"), .help:
      state.isHelpShown.toggle()
    case .character("\u{1B}"):
      guard state.isHelpShown else { return .nothing }
      state.isHelpShown = false
    case .character(" "):
      if !state.isPaused { frozen = history.last(seconds: .greatestFiniteMagnitude) }
      state.isPaused.toggle()
      if !state.isPaused { frozen = [] }
    case .character("s"), .right:
      state.order = state.order.next
    case .left:
      state.order = state.order.previous
    default:
      return .nothing
    }
    return .draw
  }
}

/// What the keys have changed.
struct ScreenState: Equatable {
  var isHelpShown = false
  var isPaused = false
  var order = ProcessOrder.cpu
}

/// By what the processes are sorted.
enum ProcessOrder: CaseIterable {
  case cpu, memory, io

  var next: ProcessOrder {
    switch self {
    case .cpu: .memory
    case .memory: .io
    case .io: .cpu
    }
  }

  var previous: ProcessOrder { next.next }

  var name: String {
    switch self {
    case .cpu: "CPU"
    case .memory: "memory"
    case .io: "I/O"
    }
  }
}

/// The wall clock, and the offset of local time from UTC in seconds.
private func localNow() -> (seconds: Double, utcOffset: Int) {
  let seconds = Clock.realtime
  var time = time_t(seconds)
  var local = tm()
  guard localtime_r(&time, &local) != nil else { return (seconds, 0) }
  return (seconds, local.tm_gmtoff)
}

/// Shows the dashboard on the terminal of stdin and stdout until it is told to end; on the main thread.
///
/// Where stdout is no terminal, or one that cannot place the cursor (TERM=dumb), it prints a line for each sample.
/// Signals that end (SIGINT, SIGTERM, SIGHUP, SIGQUIT) are caught meanwhile and are the caller's again afterwards.
/// - Throws: an error whose description is one line, where the terminal's type (TERM) is unset or unknown.
/// - Returns: why it ended; by then the terminal is as it was.
public func runDashboard(history: History, options: DashboardOptions) throws -> DashboardExit {
  #if canImport(CNcurses)
    let type = environment("TERM")
    if isatty(STDOUT_FILENO) == 1, !NcursesTerminal.onlyPrintsLines(type: type, output: STDOUT_FILENO) {
      let terminal = try NcursesTerminal(
        type: type, input: STDIN_FILENO, output: STDOUT_FILENO, isUTF8: NcursesTerminal.localeIsUTF8,
        noColor: !environment("NO_COLOR").isEmpty)
      defer { terminal.close() }
      return Dashboard(history: history, options: options).run(on: terminal)
    }
  #endif
  return try LineMode(history: history, output: STDOUT_FILENO).run()
}

private func environment(_ name: String) -> String {
  getenv(name).map { String(cString: $0) } ?? ""
}
