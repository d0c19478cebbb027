import AgentMetrics
import SampleStore
import Testing

@testable import Dashboard

@Suite struct EventLogTests {
  /// Returns samples of one second each, each changed by a closure.
  private func entries(_ count: Int, _ change: (Int, inout Sample) -> Void) -> [History.Entry] {
    let history = History(capacity: 1000, interval: 1)
    for index in 0..<count {
      var reading = Reading()
      reading.timestamp = Timestamp(seconds: 1_000 + Double(index))
      reading.host.uptime = 5_000 + Double(index)
      reading.host.bootTime = -4_000
      reading.agent.version = "1"
      reading.agent.cpuNanoseconds = UInt64(index) * 1_000_000
      var sample = Sample(from: nil, to: reading)
      sample.elapsed = 1
      sample.ram.oomKills = 0
      change(index, &sample)
      history.append(sample)
    }
    return history.all
  }

  private func events(_ count: Int = 20, _ change: (Int, inout Sample) -> Void) -> [MachineEvent] {
    var log = EventLog(interval: 1)
    log.update(entries(count, change))
    return log.events
  }

  @Test func nothingHappensWithoutReason() {
    #expect(events { _, _ in }.isEmpty)
    // A value that is sometimes absent is not an event.
    #expect(events { $1.ram.oomKills = $0 % 2 == 0 ? .nan : 3 }.isEmpty)
    #expect(events { $1.host.bootTime = -4_000 + Double($0 % 3) }.isEmpty)
  }

  @Test func rebootsRestartsAndGaps() {
    let reboot = events { if $0 >= 10 { $1.host.uptime = Double($0); $1.agent.cpuTotal = 0.001 * Double($0 - 9) } }
    #expect(reboot.map(\.kind) == [.reboot] && reboot[0].time == 1_010)
    let restart = events { if $0 >= 10 { $1.agent.cpuTotal = 0.0001 } }
    #expect(restart.map(\.kind) == [.agentRestart])
    #expect(events { if $0 >= 5 { $1.agent.version = "2" } }.map(\.kind) == [.agentRestart])
    let gap = events { if $0 >= 10 { $1.timestamp.seconds += 60; $1.host.uptime += 60 } }
    #expect(gap.map(\.kind) == [.gap] && gap[0].text == "no samples for 1m 00s")
  }

  /// What the samples report is not derived from them again.
  @Test func reportsOfTheSamplesTakePrecedence() {
    var reported = MachineEvents()
    reported.new = [MachineEvent(.workloadEnded, at: 1_009, subject: "service:a", "service a ended")]
    let all = entries(20) { index, sample in
      if index >= 10 { sample.ram.oomKills = 5 }
      sample.events = index == 10 ? reported : MachineEvents()
    }
    var log = EventLog(interval: 1)
    log.update(all)
    #expect(log.events.map(\.text) == ["service a ended"])
    // The samples of two tracks have it twice.
    let twice = entries(20) { index, sample in sample.events = index == 10 || index == 11 ? reported : MachineEvents() }
    log = EventLog(interval: 1)
    log.update(twice)
    #expect(log.events.map(\.text) == ["service a ended"])
    // A dashboard continues with its own samples after those of an agent without reports.
    let taken = entries(20) { index, sample in
      if index >= 12 { (sample.agent.cpuTotal, sample.events) = (0.0001, MachineEvents()) }
    }
    log = EventLog(interval: 1)
    log.update(Array(taken[12..<14]))
    log.update(taken)
    #expect(log.events.isEmpty)
  }

  @Test func killsXidsThrottlingAndLostGPUs() {
    #expect(events { $1.ram.oomKills = $0 >= 7 ? 3 : 1 }.map(\.text) == ["out of memory: 2 processes killed"])
    func gpu(_ change: @escaping (Int, inout GPU) -> Void) -> [MachineEvent] {
      events { index, sample in
        var one = GPU(index: 0, vendor: "nvidia")
        change(index, &one)
        sample.gpus = [one]
      }
    }
    #expect(gpu { if $0 >= 4 { $1.xid = 79 } }.map(\.text) == ["GPU 0: Xid 79"])
    #expect(gpu { $1.eccUncorrected = $0 >= 4 ? 5 : 3 }.map(\.text) == ["GPU 0: 2 uncorrected memory errors"])
    #expect(gpu { if $0 >= 4 { $1.eccUncorrected = 3 } }.isEmpty)
    let recovery = gpu { $1.recoveryAction = $0 < 4 ? nil : "Reset" }
    #expect(recovery.map(\.text) == ["GPU 0 needs recovery: Reset"] && recovery[0].severity == .critical)
    #expect(gpu { $1.throttleReasons = $0 >= 4 && $0 < 9 ? "power_cap" : "" }.map(\.kind) == [.throttleBegin])
    #expect(gpu { if $0 >= 4 { $1.state = .lost } }.map(\.kind) == [.gpuLost])
  }

  @Test func eachSampleIsLookedAtOnceAndOldEventsGo() {
    let all = entries(280) { $1.ram.oomKills = Double($0 / 70) }
    var log = EventLog(interval: 1)
    for count in 1...280 { log.update(Array(all[max(0, count - 175)..<count])) }
    #expect(log.events.map(\.time) == [1_140, 1_210])
    // Older samples that arrive later.
    log.update(all)
    #expect(log.events.map(\.time) == [1_070, 1_140, 1_210])
  }
}
