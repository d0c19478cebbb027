import AgentMetrics
import SampleStore
import Testing

@testable import Dashboard

/// Effects of the mouse without a terminal.
@Suite struct MouseTests {
  private let input = ScreenInput.controllableServer

  private func picture(_ model: Model) -> Frame { input.picture(of: model) }

  private func place(_ target: FrameContext.Hit.HitTarget, _ frameContext: FrameContext) throws -> MouseEvent {
    let hit = try #require(frameContext.hits.last { $0.target == target })
    return MouseEvent(kind: .press, x: hit.rect.x + hit.rect.width / 2, y: hit.rect.y)
  }

  @Test func mouseChoosesSortsAndScrolls() throws {
    var model = Model()
    var frameContext = picture(model).frameContext
    let pid = try #require(frameContext.rows.dropFirst(2).first)
    _ = model.handle(try place(.process(pid), frameContext), in: frameContext)
    #expect(model.state.table.selected == pid)
    frameContext = picture(model).frameContext
    _ = model.handle(try place(.process(pid), frameContext), in: frameContext)
    #expect(model.state.overlay == .details(pid))
    model.state.overlay = nil
    _ = model.handle(try place(.sort(.memory), frameContext), in: frameContext)
    #expect(model.state.table.sort == .memory && !model.state.table.isReversed)
    _ = model.handle(try place(.sort(.memory), frameContext), in: frameContext)
    #expect(model.state.table.isReversed)
    // More rows than there is room for.
    var small = input
    small.size = Size(width: 120, height: 36)
    small.table = ProcessSnapshot(
      processes: (1...60).map { pid in
        var process = input.entries[0].sample.processes?.top[0]
        process?.pid = Int32(pid)
        return process
      }.compactMap { $0 })
    frameContext = Screen(small).draw().frameContext
    let row = try #require(frameContext.rows.first)
    var wheel = try place(.process(row), frameContext)
    wheel.kind = .wheelDown
    #expect(model.handle(wheel, in: frameContext) == .draw && model.state.table.scroll == 3)
    wheel.kind = .wheelUp
    _ = model.handle(wheel, in: frameContext)
    #expect(model.state.table.scroll == 0 && model.handle(wheel, in: frameContext) == .nothing)
  }

  @Test func mouseLooksAtAMomentAndZooms() throws {
    var model = Model()
    let frameContext = picture(model).frameContext
    var click = try place(.time, frameContext)
    let hit = try #require(frameContext.target(x: click.x, y: click.y))
    _ = model.handle(click, in: frameContext)
    let wanted = frameContext.axis.time(cell: click.x - hit.rect.x, width: hit.rect.width, frameContext.glyphs)
    #expect(abs((model.state.cursor.time ?? 0) - wanted) <= frameContext.axis.step)
    // The axis does not move under the mouse.
    #expect(picture(model).frameContext.axis == frameContext.axis)
    click.kind = .wheelUp
    let before = picture(model).frameContext.axis.step
    _ = model.handle(click, in: picture(model).frameContext)
    #expect(picture(model).frameContext.axis.step < before)
  }

  @Test func mouseOnPanelsKeysAndSettings() throws {
    var model = Model()
    var frameContext = picture(model).frameContext
    _ = model.handle(try place(.panel(.memory), frameContext), in: frameContext)
    #expect(model.state.focus == .memory)
    frameContext = picture(model).frameContext
    _ = model.handle(try place(.key(.character("h")), frameContext), in: frameContext)
    #expect(model.state.overlay == .help(scroll: 0))
    model.state.overlay = .settings(selected: 0)
    frameContext = picture(model).frameContext
    _ = model.handle(try place(.setting(1), frameContext), in: frameContext)
    #expect(model.state.overlay == .settings(selected: 1))
    #expect(model.handle(try place(.setting(1), picture(model).frameContext), in: picture(model).frameContext) == .save)
    #expect(model.handle(MouseEvent(kind: .press, x: 900, y: 900), in: frameContext) == .nothing)
    #expect(model.handle(MouseEvent(kind: .release, x: 1, y: 1), in: frameContext) == .nothing)
  }

  /// A box over the panels takes the clicks from what it covers.
  @Test func clicksDoNotReachWhatABoxCovers() throws {
    let open = picture(Model()).frameContext
    let pid = try #require(open.rows.first)
    let row = try place(.process(pid), open)
    for key: KeyPress in [.character("h"), .character("W"), .character("e"), .function(6), .character("?")] {
      var model = Model()
      _ = model.handle(key, in: open)
      let overlay = model.state.overlay
      let frameContext = picture(model).frameContext
      let isRow = { (hit: FrameContext.Hit) in if case .row = hit.target { true } else { false } }
      guard !frameContext.hits.contains(where: { isRow($0) && $0.rect.contains(row.x, row.y) }) else { continue }
      #expect(model.handle(row, in: frameContext) == .nothing)
      #expect(model.state.table.selected == nil && model.state.overlay == overlay)
    }
    // A prompt covers nothing.
    var model = Model()
    _ = model.handle(.character("/"), in: open)
    _ = model.handle(row, in: picture(model).frameContext)
    #expect(model.state.table.selected == pid)
  }

  @Test func mouseChoosesInLists() throws {
    var model = Model()
    _ = model.handle(.function(6), in: picture(model).frameContext)
    let memory = try #require(model.state.table.columnOrder.firstIndex(of: .memory))
    _ = model.handle(try place(.row(memory), picture(model).frameContext), in: picture(model).frameContext)
    #expect(model.state.overlay == .sortMenu(selected: memory))
    _ = model.handle(try place(.row(memory), picture(model).frameContext), in: picture(model).frameContext)
    #expect(model.state.overlay == nil && model.state.table.sort == .memory)
    for key: KeyPress in [.character("?"), .character("v"), .character("C"), .character("u")] {
      var model = Model()
      _ = model.handle(key, in: picture(model).frameContext)
      _ = model.handle(try place(.row(1), picture(model).frameContext), in: picture(model).frameContext)
      #expect(model.state.overlay?.selected == 1, "\(key)")
    }
  }

  @Test func mouseBesideAndOverDetails() throws {
    var model = Model()
    var wide = input
    wide.size = Size(width: 160, height: 40)
    func frameContext(_ size: Size) -> FrameContext {
      var input = input
      (input.size, input.state) = (size, model.state)
      return Screen(input).draw().frameContext
    }
    let rows = frameContext(wide.size).rows
    let (first, second) = (try #require(rows.first), try #require(rows.dropFirst().first))
    _ = model.handle(.down, in: frameContext(wide.size))
    _ = model.handle(.character("d"), in: frameContext(wide.size))
    #expect(model.state.overlay == .details(first))
    // A click beside them shows those of another process.
    _ = model.handle(try place(.process(second), frameContext(wide.size)), in: frameContext(wide.size))
    #expect(model.state.overlay == .details(second) && model.state.table.selected == second)
    // The wheel over them scrolls them.
    let low = Size(width: 80, height: 6)
    let limit = frameContext(low).overlayRows
    #expect(limit > 0)
    let wheel = MouseEvent(kind: .wheelDown, x: 40, y: 2)
    let effect = model.handle(wheel, in: frameContext(low))
    #expect(effect == .draw)
    #expect(model.state.overlayScroll == min(3, limit) && model.state.overlay == .details(second))
  }
}
