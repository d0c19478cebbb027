import AgentMetrics
import SampleStore
import Testing

@testable import Dashboard

/// The row of firing alerts, and the key that silences them.
@Suite struct AlertRowTests {
  private func alert(_ name: String, since: Double = 1_770_273_900, isSilenced: Bool = false) -> Alert {
    var alert = Alert()
    (alert.name, alert.summary, alert.since) = (name, name + " is high", since)
    (alert.phase, alert.isSilenced) = (.firing, isSilenced)
    return alert
  }

  private func input(_ alerts: [Alert], own: [Alert]? = nil, _ state: ScreenState = ScreenState()) -> ScreenInput {
    var machine = MadeUpMachine.smallVM
    let all = machine.history(ticks: 5).all.map(\.sample)
    let history = History(capacity: 10, interval: 1)
    for var sample in all {
      sample.alerts = alerts
      history.append(sample)
    }
    var input = ScreenGoldens.screenInput(history, size: Size(width: 120, height: 40), state: state)
    input.ownAlerts = own
    return input
  }

  private func row(_ input: ScreenInput) -> String? {
    Screen(input).draw().grid.rows.first { $0.contains("ALERT") }
  }

  /// Presses `!`; returns the effect.
  private func silence(_ input: inout ScreenInput) -> Model.Effect {
    let frame = Screen(input).draw()
    var model = Model()
    model.state = input.state
    let effect = model.perform(.silence, frame.frameContext)
    input.state = model.state
    return effect
  }

  @Test("The row shows the state of the agent, also one from before its restart or newer than the sample")
  func ownAgent() {
    let (cpu, ram) = (alert("cpu"), alert("ram"))
    let silenced = [alert("cpu", isSilenced: true), alert("ram", isSilenced: true)]
    #expect(row(input(silenced, own: silenced)) == nil)
    #expect(row(input([cpu, ram], own: silenced)) == nil)
    #expect(row(input(silenced, own: [cpu, ram]))?.contains("2 ALERTS") == true)
    #expect(row(input([cpu, ram], own: [silenced[0], ram]))?.contains("ram is high") == true)
    // An earlier alert of the same rule, in the past.
    #expect(row(input([alert("cpu", since: 1_770_273_000)], own: silenced)) != nil)
    var shown = input([cpu, ram], own: [silenced[0], ram])
    guard case .silence(true) = silence(&shown) else { return #expect(Bool(false), "it silences all") }
    #expect(shown.state.note == "alerts silenced until they end; ! shows them again")
    var hidden = input([cpu, ram], own: silenced)
    guard case .silence(false) = silence(&hidden) else { return #expect(Bool(false), "it ends the silence") }
    #expect(hidden.state.note == "alerts shown again")
  }

  @Test("Alerts of another machine are silenced on this screen only, until they end")
  func otherMachine() {
    let (cpu, ram) = (alert("cpu"), alert("ram", isSilenced: true))
    var shown = input([cpu, ram])
    #expect(row(shown)?.contains("cpu is high") == true && row(shown)?.contains("ram") == false)
    guard case .draw = silence(&shown) else { return #expect(Bool(false), "no agent changes") }
    #expect(shown.state.note == "alerts hidden on this screen only, until they end; ! shows them again")
    #expect(row(shown) == nil)
    #expect(row(input([alert("cpu", since: 1_770_273_990)], shown.state)) != nil, "a new alert of the rule")
    var other = shown.state
    other.host = 1
    #expect(row(input([cpu], other)) != nil, "another machine")
    _ = silence(&shown)
    #expect(shown.state.note == "alerts shown again" && row(shown) != nil)
    var all = input([ram])
    _ = silence(&all)
    #expect(all.state.note == "the alerts are silenced in their agent's own dashboard until they end")
  }
}
