import AgentMetrics
import Testing

@Suite struct CPUTests {
  private func time(
    _ user: UInt64, _ nice: UInt64, _ system: UInt64, _ idle: UInt64, _ iowait: UInt64 = 0, irq: UInt64 = 0,
    softirq: UInt64 = 0, steal: UInt64 = 0, guest: UInt64 = 0, guestNice: UInt64 = 0
  ) -> CPUTime {
    var time = CPUTime()
    (time.user, time.nice, time.system, time.idle, time.iowait) = (user, nice, system, idle, iowait)
    (time.irq, time.softirq, time.steal) = (irq, softirq, steal)
    (time.guest, time.guestNice) = (guest, guestNice)
    return time
  }

  @Test func guestTimeIsInsideUserAndCountsOnce() throws {
    // 50 ticks of user, 40 of them a guest's; 50 idle. Counted twice it would be 90 busy of 140.
    let modes = try #require(CPU.Modes(from: CPUTime(), to: time(50, 0, 0, 50, guest: 40)))
    #expect(modes.usage == 0.5)
    #expect(modes.user == 0.1)
    #expect(modes.guest == 0.4)
  }

  @Test func modesSumToOne() throws {
    let start = time(100, 10, 50, 1_000, 20, irq: 3, softirq: 4, steal: 5, guest: 30, guestNice: 2)
    let end = time(180, 25, 90, 1_500, 45, irq: 9, softirq: 11, steal: 25, guest: 60, guestNice: 8)
    let modes = try #require(CPU.Modes(from: start, to: end))
    let sum =
      modes.user + modes.nice + modes.system + modes.idle + modes.iowait + modes.irq + modes.softirq + modes.steal
      + modes.guest
    #expect(abs(sum - 1) < 1e-12)
    // busy 80 + 15 + 40 + 6 + 7 + 20 = 168 of 168 + 500 + 25
    #expect(abs(modes.usage - 168.0 / 693.0) < 1e-12)
  }

  @Test func iowaitIsIdleAndStealIsBusy() throws {
    let modes = try #require(CPU.Modes(from: CPUTime(), to: time(0, 0, 0, 25, 25, steal: 50)))
    #expect(modes.usage == 0.5)
    #expect(modes.iowait == 0.25)
    #expect(modes.steal == 0.5)
  }

  @Test func countersThatGoBackwardsCountAsNothing() throws {
    let modes = try #require(CPU.Modes(from: time(100, 0, 100, 100, 90), to: time(50, 0, 150, 150, 80)))
    #expect(modes.user == 0)
    #expect(modes.usage == 0.5)
  }

  @Test func noModeGrowsByMoreThanTheTimeThatPassed() throws {
    // 100 ticks of one CPU; steal jumped by a year after a migration, or was counted below 0.
    for steal in [315_360_000_00, .max] as [UInt64] {
      let modes = try #require(CPU.Modes(from: CPUTime(), to: time(20, 0, 10, 60, steal: steal), ticks: 100))
      #expect(modes.usage == 0.4 && modes.steal == 0.1 && modes.user == 0.2 && modes.idle == 0.6)
    }
    // A CPU that came back online adds its whole idle time since boot in one step.
    let back = try #require(CPU.Modes(from: time(0, 0, 0, 10), to: time(30, 0, 0, 900_000), ticks: 100))
    #expect(back.usage == 0.3 && back.idle == 0.7)
    // A CPU that went offline takes part of it away.
    let gone = try #require(CPU.Modes(from: time(0, 0, 0, 900_000), to: time(30, 0, 0, 10), ticks: 100))
    #expect(gone.usage == 0.3)
    // Slightly more than the elapsed time is the kernel's rounding; a decrease of iowait counts as 0.
    let near = try #require(CPU.Modes(from: time(0, 0, 0, 0, 50), to: time(51, 0, 0, 51, 49), ticks: 100))
    #expect(near.usage == 0.5 && near.iowait == 0)
  }

  @Test func noTimeIsAbsentNotZero() {
    let time = time(1, 2, 3, 4)
    #expect(CPU.Modes(from: time, to: time) == nil)
    #expect(CPU.Modes(from: self.time(9, 9, 9, 9), to: time) == nil)
  }

  @Test func coresAreMatchedByNumberAcrossHotplug() {
    var before = CPUReading()
    before.cores = [.init(cpu: 0, time: time(0, 0, 0, 0)), .init(cpu: 1, time: time(0, 0, 0, 100))]
    var after = CPUReading()
    after.cores = [.init(cpu: 1, time: time(30, 0, 0, 170)), .init(cpu: 2, time: time(500, 0, 0, 500))]
    let cpu = CPU(from: before, to: after, over: Elapsed(seconds: 1))
    #expect(cpu.threads == 2)
    #expect(cpu.perCore.map(\.cpu) == [1, 2])
    #expect(cpu.perCore[0].usage == 0.3)
    #expect(cpu.perCore[1].usage.isNaN, "a core that has just come has no past")
  }

  @Test func aLoneReadingHasNoUse() {
    var reading = CPUReading()
    reading.total = time(10, 0, 10, 80)
    let cpu = CPU(from: nil, to: reading, over: Elapsed(seconds: .nan))
    #expect(cpu.usage.isNaN)
    #expect(cpu.modes == nil)
    let sinceBoot = CPU(from: nil, to: reading, over: Elapsed(seconds: 100, isSinceBoot: true))
    #expect(sinceBoot.usage == 0.2)
  }
}
