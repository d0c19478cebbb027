import AgentMetrics
import SampleStore
import Testing

@testable import Dashboard

/// Effects of keys and the mouse, without a terminal.
@Suite struct ModelTests {
  private let input = ScreenInput.controllableServer

  private func picture(_ model: Model) -> Frame { input.picture(of: model) }

  /// Presses keys in order, with a frame between them as on a screen.
  private func press(_ keys: KeyPress..., from model: Model = Model()) -> Model {
    var model = model
    for key in keys { _ = model.handle(key, in: picture(model).frameContext) }
    return model
  }

  private func text(_ model: Model) -> String { picture(model).grid.rows.joined(separator: "\n") }

  // MARK: Every key

  /// Every key in the help has an effect: a changed frame, or work for the caller.
  @Test func everyKeyOfTheHelpWorks() {
    // A time in the past, a selected process, a filter: so that every key has an effect.
    var start = press(.character("t"), .down, .down)
    start.state.table.filter = "e"
    start.state.cursor.time = input.now - 120
    start.state.cursor.axisEnd = input.now
    start.state.focus = .memory
    start.state.settings.hidden = [.temperature]
    for binding in KeyMap.sections.flatMap(\.bindings) {
      for key in binding.keys {
        var model = start
        switch key {
        case .character("a"): model.state.cursor.zoom = 5
        case .character("k"), .function(9): (model.state.cursor.time, model.state.cursor.axisEnd) = (nil, nil)
        case .up, .left: break
        default: break
        }
        let before = model.state
        let effect = model.handle(key, in: picture(model).frameContext)
        #expect(
          model.state != before || [.quit, .suspend, .redraw].contains(effect), "\(binding.label): \(key) has no effect"
        )
        #expect(effect != .nothing, "\(binding.label): \(key)")
      }
    }
  }

  /// Terminals without UTF-8 show the meanings of keys, too.
  @Test func meaningsAreASCII() {
    for binding in KeyMap.sections.flatMap(\.bindings) {
      for text in [binding.meaning, binding.short, HelpView.label(binding.label, Glyphs(.ascii))] {
        #expect(text.utf8.allSatisfy { $0 < 0x7F }, "\(text)")
      }
    }
  }

  /// Meanings and legend fit the help at 80 columns, also where keys are spelled out.
  @Test(arguments: [Glyphs.GraphGlyphs.braille, .console, .ascii])
  func theHelpIsWhole(_ kind: Glyphs.GraphGlyphs) {
    let view = HelpView(glyphs: Glyphs(kind), hits: HitMap())
    var grid = Grid(Size(width: 80, height: 70), isASCII: kind == .ascii)
    view.draw(on: &grid, scroll: 0)
    let text = grid.rows.joined(separator: "\n")
    for meaning in KeyMap.sections.flatMap(\.bindings).map(\.meaning) + HelpView.legend.map(\.text) {
      #expect(text.contains(meaning))
    }
  }

  @Test func noKeyMeansTwoThings() {
    var seen: Set<KeyPress> = []
    for key in KeyMap.sections.flatMap(\.bindings).flatMap(\.keys) { #expect(seen.insert(key).inserted, "\(key)") }
    for binding in KeyMap.sections.flatMap(\.bindings) {
      #expect(binding.actions.count == 1 || binding.actions.count == binding.keys.count, "\(binding.label)")
      for glyphs in [Glyphs(.ascii), Glyphs(.console)] {
        #expect(HelpView.label(binding.label, glyphs).utf8.allSatisfy { $0 < 0x80 })
      }
    }
  }

  @Test func keysThatEndEndEverywhere() {
    for overlay in [
      nil, ScreenState.Overlay.help(scroll: 0), .settings(selected: 0), .filter(before: ""), .details(1),
      .signal(SignalDialog(process: Process(), isAsked: true)), .explain(.cpu, selected: 0),
    ] {
      var model = Model()
      model.state.overlay = overlay
      #expect(model.handle(.character("\u{3}"), in: picture(model).frameContext) == .quit)
      #expect(model.handle(.character("\u{1A}"), in: picture(model).frameContext) == .suspend)
      #expect(model.handle(.character("\u{C}"), in: picture(model).frameContext) == .redraw)
    }
    var typing = Model()
    typing.state.overlay = .filter(before: "")
    #expect(typing.handle(.character("q"), in: picture(typing).frameContext) == .draw)
    #expect(typing.state.table.filter == "q")
  }

  // MARK: Time

  @Test func timeIsTravelledAndComesBack() {
    let step = picture(Model()).frameContext.axis.step
    var model = press(.left)
    #expect(model.state.cursor.time == input.now - step)
    model = press(.left, .left, from: model)
    #expect(model.state.cursor.time == input.now - 3 * step)
    #expect(text(model).contains("top processes recorded at"))
    model = press(.right, from: model)
    #expect(model.state.cursor.time == input.now - 2 * step)
    #expect(press(.right, .right, .right, from: model).state.cursor.time == nil)
    #expect(press(.end, from: model).state.cursor.time == nil && press(.shiftEnd, from: model).state.cursor.time == nil)
    #expect(press(.shiftHome, from: model).state.cursor.time == press(.home, from: model).state.cursor.time)
    #expect(press(.shiftPageUp, from: model).state.cursor.time == press(.pageUp, from: model).state.cursor.time)
    let oldest = press(.home, from: model)
    #expect(oldest.state.cursor.time == input.entries[0].sample.timestamp.seconds)
    #expect(press(.left, from: oldest).state.cursor.time == oldest.state.cursor.time)
    // The time cursor stays on the axis, however far it moves.
    var far = Model()
    for _ in 0..<9 {
      far = press(.pageUp, from: far)
      let frameContext = picture(far).frameContext
      let time = far.state.cursor.time ?? 0
      #expect(frameContext.axis.cell(of: time, width: frameContext.axisColumns / 2, Glyphs(.braille)) != nil)
    }
    #expect(far.state.cursor.time == oldest.state.cursor.time)
    for _ in 0..<20 { far = press(.pageDown, from: far) }
    #expect(far.state.cursor.time == nil)
  }

  @Test func everyPanelShowsTheMoment() {
    let past = press(.home)
    let first = input.entries[0].sample
    let shown = text(past)
    #expect(shown.contains("PAST " + TextFormat.clock(first.timestamp.seconds + 3600)))
    let top = ProcessRows.sorted((first.processes?.top ?? []).map { ProcessRow(process: $0) }, TableState())
    #expect(shown.contains(TextFormat.fine(top[0].process.cpu, Glyphs(.braille))))
    #expect(shown.contains("load " + TextFormat.fixed(first.load?.load1 ?? 0, 2)))
  }

  @Test func zoomGoesFromAMinuteToEverything() {
    var model = Model()
    for _ in 0..<30 { model = press(.character("+"), from: model) }
    var frameContext = picture(model).frameContext
    #expect(frameContext.axis.step * Double(frameContext.axisColumns) >= 60)
    #expect(frameContext.axis.step * Double(frameContext.axisColumns) < 120)
    for _ in 0..<30 { model = press(.character("-"), from: model) }
    frameContext = picture(model).frameContext
    let all = input.now - input.entries[0].sample.timestamp.seconds
    #expect(frameContext.axis.step * Double(frameContext.axisColumns) >= all)
    #expect(press(.character("a"), from: model).state.cursor.zoom == nil)
  }

  @Test func eventsAreJumpedBetween() throws {
    let event = try #require(input.events.first { $0.kind == .outOfMemory })
    let model = press(.character("p"))
    #expect(model.state.cursor.time == event.time)
    #expect(text(model).contains("out of memory: 1 process killed"))
    #expect(press(.character("n"), from: model).state.note == "no further events")
    // On a wide enough axis, its letter is visible.
    let wide = press(.character("-"), .character("-"), from: Model())
    let axis = picture(wide).grid.rows.first { $0.contains("now") } ?? ""
    #expect(axis.contains("O"))
  }

  // MARK: Processes

  @Test func rowsAreChosenSortedAndFollowed() {
    var model = press(.down)
    let rows = picture(model).frameContext.rows
    #expect(model.state.table.selected == rows[0])
    model = press(.down, .down, from: model)
    #expect(model.state.table.selected == rows[2])
    model = press(.up, from: model)
    #expect(model.state.table.selected == rows[1])
    // After a new sort, the same process stays selected.
    model = press(.character("m"), .character("f"), from: model)
    #expect(model.state.table.selected == rows[1] && model.state.table.sort == .memory && model.state.table.follows)
    #expect(press(.character("m"), from: model).state.table.isReversed)
    #expect(press(.escape, from: model).state.table.selected == nil)
    for column in ProcessColumn.allCases {
      var sorted = Model()
      sorted.state.table.sort = column
      let up = picture(sorted).frameContext.rows
      sorted.state.table.isReversed = true
      #expect(Set(picture(sorted).frameContext.rows).isSuperset(of: up.prefix(1)), "\(column)")
    }
  }

  @Test func filterIsTypedKeptAndDropped() {
    var model = press(.character("/"), .character("n"), .character("o"), .character("d"), .character("e"))
    #expect(text(model).contains("node") && !text(model).contains("postgres "))
    #expect(press(.escape, from: model).state.table.filter == "")
    model = press(.backspace, .backspace, .enter, from: model)
    #expect(model.state.table.filter == "no" && model.state.overlay == nil)
    #expect(press(.character("/"), .escape, from: model).state.table.filter == "no")
    #expect(press(.escape, from: model).state.table.filter == "")
    #expect(press(.character("/"), .character("\u{15}"), .character("x"), from: model).state.table.filter == "x")
  }

  @Test func foldAndTree() {
    let tree = press(.character("t"), .down)
    #expect(text(tree).contains("└─") || text(tree).contains("├─"))
    let closed = press(.character("z"), from: tree)
    #expect(closed.state.table.closed.count == 1)
    #expect(picture(closed).frameContext.rows.count < picture(tree).frameContext.rows.count)
    #expect(press(.character("z"), from: closed).state.table.closed.isEmpty)
    #expect(press(.character("z")).state.table.isFolded)
  }

  /// A server with more rows in each list than a small screen has.
  private var crowded: ScreenInput {
    var input = input
    input.size = Size(width: 80, height: 24)
    input.table = ProcessSnapshot(
      processes: (1...90).compactMap { pid in
        var process = input.entries[0].sample.processes?.top[0]
        process?.pid = Int32(pid)
        return process
      })
    return input
  }

  private func press(_ keys: [KeyPress], on input: ScreenInput, from model: Model = Model()) -> (Model, FrameContext) {
    var (model, input) = (model, input)
    for key in keys {
      input.state = model.state
      _ = model.handle(key, in: Screen(input).draw().frameContext)
    }
    input.state = model.state
    return (model, Screen(input).draw().frameContext)
  }

  @Test(arguments: [false, true]) func keysPageTheTableThatHasTheFocus(isAlone: Bool) {
    var start = Model()
    start.state.focus = .processes
    start.state.isMaximized = isAlone
    let (paged, frameContext) = press([.pageDown], on: crowded, from: start)
    #expect(paged.state.table.scroll == frameContext.visibleRows - 1 && paged.state.cursor.time == nil)
    #expect(press([.pageUp], on: crowded, from: paged).0.state.table.scroll == 0)
    let (last, _) = press([.end], on: crowded, from: start)
    #expect(last.state.table.scroll == 90 - frameContext.visibleRows)
    #expect(press([.home], on: crowded, from: last).0.state.table.scroll == 0)
    // A selected process moves along.
    let (selected, table) = press([.down, .end], on: crowded, from: start)
    #expect(selected.state.table.selected == table.rows.last)
    #expect(press([.home], on: crowded, from: selected).0.state.table.selected == table.rows.first)
    // Time keys keep their meaning, and End first returns from the past.
    let (past, _) = press([.shiftPageUp], on: crowded, from: selected)
    #expect(past.state.cursor.time != nil)
    #expect(press([.end], on: crowded, from: past).0.state.cursor.time == nil)
  }

  /// Every row of every list can be reached by the keys of its panel.
  @Test(arguments: [PanelDescriptor.disk, .network, .temperature, .agent, .gpu]) func everyRowCanBeReached(
    _ panel: PanelDescriptor
  ) {
    var input = crowded
    guard var sample = input.entries.last?.sample else { return }
    sample.disks = (0..<14).map { index in
      var disk = Disk()
      (disk.device, disk.isPhysical) = ("row-a\(index)x", true)
      return disk
    }
    sample.filesystems = (0..<11).map { index in
      var filesystem = Filesystem(mountpoint: "/row-b\(index)x", device: "d", fstype: "ext4", isReadOnly: false)
      (filesystem.total, filesystem.used, filesystem.available) = (100, Double(index), 100)
      return filesystem
    }
    sample.networks = (0..<14).map { index in
      var network = Network()
      network.device = "row-c\(index)x"
      return network
    }
    sample.temperatures = (0..<40).map { Temperature(chip: "c", sensor: "row-d\($0)x", celsius: 40) }
    sample.agent.sources = (0..<25).map {
      SourceReading(name: "row-e\($0)x", duration: 0.001, success: true, age: 0)
    }
    sample.gpus = (0..<16).map { index in
      var gpu = GPU(index: index, vendor: "nvidia")
      (gpu.model, gpu.util, gpu.vramTotal, gpu.vramUsed) = ("row-f\(index)x", 0.5, 100, 50)
      (gpu.temperature, gpu.power, gpu.clock) = (50, 100, 1e9)
      return gpu
    }
    let history = History(capacity: 2, interval: 1)
    history.append(sample)
    input.entries = history.all
    let letters: [PanelDescriptor: String] = [.disk: "ab", .network: "c", .temperature: "d", .agent: "e", .gpu: "f"]
    for isAlone in [true, false] {
      guard isAlone || panel != .gpu else { continue }
      var model = Model()
      (model.state.focus, model.state.isMaximized) = (panel, isAlone)
      // In the layout with all panels.
      model.state.settings.hidden = Set(PanelDescriptor.all).subtracting([panel, .cpu])
      if !isAlone { input.size = Size(width: 80, height: panel == .agent ? 50 : 24) }
      var seen: Set<String> = []
      for step in 0..<60 {
        input.state = model.state
        let picture = Screen(input).draw()
        for word in picture.grid.rows.joined(separator: " ").split(whereSeparator: { " /│".contains($0) })
        where word.hasPrefix("row-") { seen.insert(String(word)) }
        guard model.handle(step % 3 == 2 ? .pageDown : .down, in: picture.frameContext) == .draw,
          model.state.cursor.time == nil
        else { break }
        #expect(picture.grid.rows.joined().contains("+"))
      }
      let counts: [Character: Int] = ["a": 14, "b": 11, "c": 14, "d": 40, "e": 25, "f": 16]
      for letter in letters[panel] ?? "" {
        let found = seen.filter { $0.hasPrefix("row-\(letter)") }.count
        #expect(found == counts[letter], "\(panel) \(isAlone): \(seen.sorted())")
      }
    }
  }

  @Test func theTableIsRemembered() {
    var model = Model()
    for key in "tHKr".unicodeScalars {
      var input = input
      input.hasThreads = true
      input.state = model.state
      #expect(model.handle(.character(key), in: Screen(input).draw().frameContext) == .save, "\(key)")
    }
    _ = model.handle(.character("m"), in: picture(model).frameContext)
    let (settings, problem) = ConfigFile.parse(ConfigFile.text(model.state.settings, over: ""))
    #expect(problem == nil && ScreenState(settings: settings).table.choice == model.state.table.choice)
  }

  // MARK: Panels and overlays

  @Test func panelsComeGoAndStandAlone() {
    for panel in PanelDescriptor.all {
      let digit = panel.key
      let hidden = press(digit)
      #expect(hidden.state.settings.hidden == [panel])
      #expect(!picture(hidden).frameContext.panels.contains(panel))
      #expect(press(digit, from: hidden).state.settings.hidden.isEmpty)
    }
    let focused = press(.tab)
    #expect(focused.state.focus == picture(Model()).frameContext.panels.first)
    let alone = press(.enter, from: focused)
    #expect(picture(alone).frameContext.panels == [.cpu])
    #expect(picture(press(.tab, from: alone)).frameContext.panels == [.memory])
    #expect(press(.enter, from: alone).state.isMaximized == false)
    #expect(press(.backTab).state.focus == picture(Model()).frameContext.panels.last)
    var hidden = Model()
    hidden.state.settings.hidden = Set(PanelDescriptor.all)
    #expect(text(hidden).contains("0 shows them"))
  }

  @Test func settingsChange() {
    // The first line opens the choice of columns.
    var model = press(.function(2), .down)
    for setting in Setting.all where !setting.values.isEmpty {
      let before = setting.get(model.state.settings)
      #expect(model.handle(.right, in: picture(model).frameContext) == .save)
      #expect(setting.get(model.state.settings) != before, "\(setting.key)")
      _ = model.handle(.left, in: picture(model).frameContext)
      #expect(setting.get(model.state.settings) == before, "\(setting.key)")
      model = press(.down, from: model)
    }
    #expect(press(.escape, from: model).state.overlay == nil)
  }

  @Test(arguments: PanelDescriptor.all) func everyPanelIsExplained(_ panel: PanelDescriptor) {
    var model = Model()
    model.state.focus = panel
    model = press(.character("?"), from: model)
    #expect(model.state.overlay == .explain(panel, selected: 0))
    let metrics = ExplainView.metrics(of: panel, in: input.entries[0].sample)
    #expect(!metrics.isEmpty)
    #expect(text(model).contains(metrics[0].metric.definition.help))
    let next = press(.down, from: model)
    #expect(metrics.count == 1 || text(next).contains(metrics[1].metric.definition.help))
  }

  @Test func theHelpScrollsAndItsKeysWork() {
    var model = Model()
    model.state.overlay = .help(scroll: 0)
    var small = input
    small.size = Size(width: 80, height: 24)
    small.state = model.state
    let frameContext = Screen(small).draw().frameContext
    #expect(frameContext.overlayRows > 0)
    for _ in 0..<200 { _ = model.handle(.down, in: frameContext) }
    #expect(model.state.overlay == .help(scroll: frameContext.overlayRows))
    #expect(model.handle(.character("t"), in: frameContext) == .save)
    #expect(model.state.overlay == nil && model.state.table.isTree)
  }
}
