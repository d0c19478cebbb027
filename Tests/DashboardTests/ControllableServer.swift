@testable import Dashboard

extension ScreenInput {
  /// A server with GPUs, five minutes of history and an OOM kill, whose processes can get signals.
  static var controllableServer: ScreenInput {
    var machine = MadeUpMachine.gpuServer
    machine.outOfMemoryAt = 100
    var input = ScreenGoldens.screenInput(machine.history(ticks: 300), size: Size(width: 120, height: 40))
    input.canSignal = true
    return input
  }

  /// Draws a model's state on this screen.
  func picture(of model: Model) -> Frame {
    var input = self
    input.state = model.state
    return Screen(input).draw()
  }
}
