import AgentMetrics
import History
import Testing

@testable import Dashboard

/// What a screen says in special cases.
@Suite struct ScreenTests {
  private func screen(
    _ history: History, age: Double = 0, size: Size = Size(width: 80, height: 24), message: String? = nil,
    state: ScreenState = ScreenState(), listening: String? = nil
  ) -> String {
    var input = ScreenGoldens.screenInput(history, size: size, state: state, message: message)
    input.options.listening = listening
    input.now += age
    input.utcOffset = 0
    return Screen(input).draw().grid.rows.joined(separator: "\n")
  }

  @Test func anOldSampleIsSaidWithItsAge() {
    var machine = MadeUpMachine.smallVM
    let history = machine.history(ticks: 5, interval: 5)
    #expect(!screen(history, age: 14.9).contains("no new sample"))
    #expect(screen(history, age: 15.5).contains("no new sample for 15s"))
    #expect(screen(history, age: 4000).contains("no new sample for 1h 06m"))
    for size in [Size(width: 40, height: 12), Size(width: 40, height: 9), Size(width: 30, height: 2)] {
      #expect(screen(history, age: 60, size: size).contains("no new sample for 1m 00s"), "\(size)")
    }
    // In the past, an old picture is what was asked for.
    var past = ScreenState()
    past.moment = history.latest?.sample.timestamp.seconds
    #expect(!screen(history, age: 60, state: past).contains("no new sample"))
  }

  @Test(arguments: [1, 3, 16]) func gpusThatSleepOrAreLostSaySo(count: Int) throws {
    var machine = MadeUpMachine.gpuServer
    machine.gpus = count
    let history = machine.history(ticks: 5)
    var sample = try #require(history.latest).sample
    sample.gpus[0].state = .asleep
    sample.gpus[count - 1].state = count == 1 ? .asleep : .lost
    sample.gpus[count - 1].age = 42
    history.append(sample)
    for size in [Size(width: 200, height: 60), Size(width: 120, height: 40)] {
      let text = screen(history, size: size)
      #expect(text.contains("asleep"), "\(size)")
      #expect(count == 1 || text.contains("no answer"), "\(size)")
    }
  }

  @Test func messagesTakeTheFoot() {
    var machine = MadeUpMachine.smallVM
    let history = machine.history(ticks: 5)
    #expect(screen(history, message: "port 8080 is in use").hasSuffix("port 8080 is in use"))
    let listening = screen(history, size: Size(width: 140, height: 40), listening: "http://127.0.0.1:8080/ui/")
    #expect(listening.hasSuffix("http://127.0.0.1:8080/ui/"))
  }

  @Test func theGroupsLimitsStandBesideTheHostsFigures() {
    var machine = MadeUpMachine.smallVM
    let history = machine.history(ticks: 5)
    for size in [Size(width: 200, height: 60), Size(width: 80, height: 24), Size(width: 60, height: 16)] {
      let text = screen(history, size: size)
      #expect(text.contains("group 0.7/1.5 CPUs"), "\(size)")
      #expect(text.contains("/3.00 GiB") && text.contains("/4.00 GiB"), "\(size)")
    }
    let small = screen(history, size: Size(width: 40, height: 12))
    #expect(small.contains("0.7/1.5 CPUs") && small.contains("/3.00 GiB"))
    machine = .smallVM
    (machine.memoryLimit, machine.cpuLimit) = (nil, nil)
    #expect(!screen(machine.history(ticks: 5)).contains("group"))
  }

  @Test func whatAMachineDoesNotHaveHasNoPanel() {
    var machine = MadeUpMachine.smallVM
    (machine.hasPressure, machine.hasProcesses, machine.disks, machine.networks, machine.mounts, machine.swapTotal) =
      (false, false, [], [], [], 0)
    let text = screen(machine.history(ticks: 5), size: Size(width: 200, height: 60))
    for title in ["GPU", "PRESSURE", "PROCESSES", "DISKS", "NETWORK", "FILESYSTEMS", "TEMPERATURES", "swap"] {
      #expect(!text.contains(title), "\(title)")
    }
    #expect(text.contains("CPU") && text.contains("MEMORY"))
  }

  @Test func aStaleFilesystemIsSaidWithItsAge() {
    var machine = MadeUpMachine.staleFilesystem
    let text = screen(machine.history(ticks: 5), size: Size(width: 120, height: 40))
    #expect(text.contains("42s old") && text.contains("no answer in 2 s"))
  }
}
