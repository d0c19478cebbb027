import AgentMetrics
import Query
import SampleStore
import SystemIO
import TestSupport
import Testing

@testable import Dashboard

/// The events under the graphs, and their list.
@Suite(.ownThreads) struct EventListTests {
  static func event(_ kind: EventKind, _ time: Double, _ text: String = "", subject: String = "") -> MachineEvent {
    MachineEvent(kind, at: time, subject: subject, text)
  }

  private static func lane(_ events: [MachineEvent], width: Int = 20, _ kind: Glyphs.GraphGlyphs = .ascii) -> Grid {
    var grid = Grid(Size(width: width, height: 1), isASCII: kind == .ascii)
    // A column of ten seconds for each cell, up to 1,200.
    let glyphs = Glyphs(kind)
    let lane = EventLane(events, width: width, axis: TimeAxis(step: 10, end: 1_200), glyphs)
    lane.drawShades(on: &grid, in: grid.bounds, glyphs)
    lane.drawMarks(on: &grid, in: grid.bounds, taken: [], glyphs)
    return grid
  }

  private static func row(_ grid: Grid) -> String {
    String((grid.rows.first ?? "").reversed().drop { $0 == " " }.reversed())
  }

  @Test func marksAndShades() {
    let events = [
      Self.event(.reboot, 1_015), Self.event(.throttleBegin, 1_041, subject: "GPU 0"),
      Self.event(.outOfMemory, 1_055), Self.event(.alertResolved, 1_075),
      Self.event(.throttleEnd, 1_180, subject: "GPU 0").lasting(60), Self.event(.xid, 900),
    ]
    #expect(Self.row(Self.lane(events)) == " B  =O=.===")
    // Throttling goes on where it has not ended, until the agent is another one.
    #expect(Self.row(Self.lane([events[1]])) == "    ================")
    #expect(Self.row(Self.lane([events[1], Self.event(.agentRestart, 1_095)])) == "    =====A")
    // It began before what is known.
    #expect(Self.row(Self.lane([events[4]])) == "           =======")
  }

  /// Of several events in a cell the most severe one is shown; a label covers what is of little weight.
  @Test func theMostSevereOneIsShown() {
    let events = [Self.event(.outOfMemory, 1_015), Self.event(.agentRestart, 1_016), Self.event(.linkDown, 1_017)]
    #expect(Self.row(Self.lane(events)) == " O")
    let lane = EventLane(events, width: 20, axis: TimeAxis(step: 10, end: 1_200), Glyphs(.ascii))
    #expect(!lane.isFree(0..<3, x: 0) && lane.isFree(2..<9, x: 0))
    let minor = EventLane(
      [Self.event(.agentRestart, 1_015)], width: 20, axis: TimeAxis(step: 10, end: 1_200), Glyphs(.ascii))
    #expect(minor.isFree(0..<3, x: 0))
    var grid = Grid(Size(width: 20, height: 1), isASCII: true)
    minor.drawMarks(on: &grid, in: grid.bounds, taken: [0..<3], Glyphs(.ascii))
    #expect(Self.row(grid).allSatisfy { $0 == " " })
  }

  static let list: [MachineEvent] = [
    event(
      .outOfMemory, ScreenGoldens.now + 400, "out of memory in db: 1 process killed, probably postgres (77, 812 MiB)"),
    event(.filesystemFull, ScreenGoldens.now + 300, "/var is 97% full", subject: "/var"),
    event(.throttleEnd, ScreenGoldens.now + 280, "GPU 0 no longer throttled after 3m 20s", subject: "GPU 0"),
    event(.workloadEnded, ScreenGoldens.now + 200, "service \u{1B}[31mevil\nname ended"),
    event(.linkDown, ScreenGoldens.now - 90_000, "eth0 has no link", subject: "eth0"),
  ]

  @Test(arguments: [Size(width: 120, height: 40), Size(width: 80, height: 24), Size(width: 40, height: 10)])
  func listGolden(_ size: Size) throws {
    var input = ScreenGoldens.input("gpu-server")
    input.state.overlay = .events(EventChoice(selected: 1))
    input.eventList = Self.list
    try ScreenGoldens().compare(input, size, with: "events-\(size.width)x\(size.height)")
  }

  @Test func keysOfTheList() {
    var input = ScreenGoldens.input("gpu-server")
    input.size = Size(width: 120, height: 40)
    input.eventList = Self.list
    var model = Model(input.state)
    func press(_ key: KeyPress) {
      input.state = model.state
      _ = model.handle(key, in: Screen(input).draw().frameContext)
    }
    press(.character("e"))
    #expect(model.state.overlay == .events(EventChoice()))
    press(.down)
    press(.down)
    #expect(model.state.overlay == .events(EventChoice(selected: 2)))
    press(.tab)
    #expect(model.state.overlay == .events(EventChoice(selected: 0, minimum: .warning)))
    press(.down)
    press(.enter)
    #expect(model.state.overlay == nil && model.state.cursor.time == ScreenGoldens.now + 300)
    #expect(model.state.note?.hasSuffix("/var is 97% full") == true)
    // From the past, and back.
    press(.character("e"))
    press(.backTab)
    #expect(model.state.overlay == .events(EventChoice(selected: 0, minimum: .critical)))
    press(.enter)
    #expect(model.state.cursor.time == ScreenGoldens.now + 400)
    press(.character("e"))
    press(.escape)
    #expect(model.state.overlay == nil)
    // An empty list.
    input.eventList = []
    press(.character("e"))
    press(.enter)
    #expect(model.state.overlay == nil && model.state.cursor.time == ScreenGoldens.now + 400)
  }

  /// A store of events, which answers once.
  private struct Store: SampleArchive {
    let found: EventHistory?
    var status: ArchiveStatus { ArchiveStatus() }
    var oldest: Double? { nil }
    func samples(from start: Double, to end: Double, step: Int?, limit: Int) async throws -> [Sample] { [] }
    func sample(at time: Double) async throws -> Sample? { nil }
    func columns(
      _ selectors: [SeriesSelector], from start: Double, to end: Double, step: Int?, extremes: Bool, limit: Int
    ) async throws -> Columns { Columns(timestamps: [], series: []) }
    func events(_ query: EventQuery) async throws -> EventHistory? { found }
  }

  @Test func storedAndLiveEventsAreOneList() {
    let fetcher = EventListFetcher()
    let live = Array(Self.list[0...1].reversed())
    // Absent durations are not equal.
    let texts = Self.list.map(\.text)
    #expect(fetcher.list(of: 0, with: live).map(\.text) == Array(texts[0...1]))
    let woken = Condition(false)
    let end = Self.list[0].time
    fetcher.fetch(of: 0, from: Store(found: EventHistory(since: 0, events: Array(Self.list[1...]))), asOf: end - 1) {
      woken.update { $0 = true }
    }
    _ = woken.wait { $0 ? true : nil }
    #expect(fetcher.list(of: 0, with: live).map(\.text) == texts)
    #expect(fetcher.list(of: 1, with: []).isEmpty, "another host's")
    // A throttling that goes on begins anew for a log that begins later; the store has its true begin.
    var invented = Self.list[1]
    (invented.time, invented.subject) = (end - 2, "GPU 7")
    #expect(fetcher.list(of: 0, with: [invented] + live, isDerived: true).map(\.text) == texts)
    #expect(fetcher.list(of: 0, with: [invented] + live).count == texts.count + 1)
  }
}

extension MachineEvent {
  fileprivate func lasting(_ seconds: Double) -> MachineEvent {
    var event = self
    event.duration = seconds
    return event
  }
}
