import AgentMetrics
import Testing

@testable import Events

/// A machine whose samples are examined one after the other.
struct Sequence {
  var detector: EventDetector
  var sample: Sample
  var reading: Reading?
  private(set) var events: [MachineEvent] = []

  init(interval: Double = 10) {
    detector = EventDetector(interval: interval)
    sample = Sample()
    sample.timestamp = Timestamp(seconds: 1_000_000)
    sample.boottime = 5_000
    sample.elapsed = interval
    sample.host.hostname = "machine"
    sample.host.uptime = 5_000
    sample.host.bootTime = 995_000
    sample.agent.version = "1"
    sample.agent.cpuTotal = 1
    sample.ram.oomKills = 0
  }

  /// Moves on by some seconds, changes the machine, and examines it.
  @discardableResult
  mutating func step(_ seconds: Double = 10, _ change: (inout Sample) -> Void = { _ in }) -> [MachineEvent] {
    sample.timestamp.seconds += seconds
    sample.boottime += seconds
    sample.host.uptime += seconds
    sample.agent.cpuTotal += 0.01
    change(&sample)
    reading?.workloads?.instant = sample.boottime
    let new = detector.next(sample, reading)
    events += new
    return new
  }
}

@Suite struct EventDetectorTests {
  private func kinds(_ events: [MachineEvent]) -> [EventKind] { events.map(\.kind) }

  @Test func everyKindNamesMetricsOfTheCatalog() {
    for kind in EventKind.detected {
      #expect(!kind.title.isEmpty && !kind.metrics.isEmpty)
      for metric in kind.metrics { #expect(Catalog.shared[metric] != nil, "\(kind): \(metric)") }
    }
    #expect(Set(EventKind.allCases.map(\.title)).count == EventKind.allCases.count)
  }

  /// What the first sample shows, and what is first seen of a device, has begun at an unknown time.
  @Test func firstSightIsNoEvent() {
    var sequence = Sequence()
    sequence.step { sample in
      sample.ram.oomKills = 7
      sample.filesystems = [Self.filesystem(used: 99)]
      sample.networks = [Self.network("down")]
      sample.gpus = [Self.gpu { $0.state = .lost }]
      sample.alerts = [Self.alert(.firing)]
    }
    sequence.step()
    // A device that appears late, already in trouble.
    sequence.step { sample in
      sample.gpus.append(Self.gpu(1) { ($0.xid, $0.throttleReasons, $0.eccUncorrected) = (79, "hw_thermal", 5) })
      sample.filesystems.append(Self.filesystem("/late", used: 99))
    }
    #expect(sequence.events.isEmpty)
  }

  @Test func aQuietMachineHasNoEvents() {
    var sequence = Sequence()
    for index in 0..<300 {
      sequence.step { sample in
        // Values that come and go, and a boot time that varies with the clock.
        sample.ram.oomKills = index % 2 == 0 ? .nan : 3
        sample.host.bootTime = 995_000 + Double(index % 3)
        sample.filesystems = [Self.filesystem(used: 90 + Double(index % 3))]
        sample.networks = index % 7 == 0 ? [] : [Self.network("up")]
      }
    }
    #expect(sequence.events.isEmpty)
  }

  @Test func rebootRestartGapAndClock() {
    var sequence = Sequence()
    sequence.step()
    #expect(kinds(sequence.step { ($0.host.uptime, $0.boottime, $0.agent.cpuTotal) = (40, 40, 0.1) }) == [.reboot])
    #expect(kinds(sequence.step { $0.agent.cpuTotal = 0.001 }) == [.agentRestart])
    #expect(kinds(sequence.step { $0.agent.version = "2" }).isEmpty, "held back: one a minute")
    // A stopped agent is a gap, not a reboot.
    let gap = sequence.step(200)
    #expect(kinds(gap) == [.gap, .agentRestart] || kinds(gap) == [.agentRestart, .gap])
    #expect(gap.first { $0.kind == .gap }?.text == "no samples for 3m 10s")
    #expect(gap.first { $0.kind == .gap }?.duration == 190)
    sequence.step()
    let forward = sequence.step { $0.timestamp.seconds += 3_600 }
    #expect(kinds(forward) == [.clockStep] && forward[0].text == "clock set forward by 1h 00m")
    sequence.step(80)
    sequence.step()
    let back = sequence.step { $0.timestamp.seconds -= 120 }
    #expect(kinds(back) == [.clockStep] && back[0].text == "clock set back by 2m 00s")
    #expect(sequence.step { $0.timestamp.seconds += 1 }.isEmpty, "timestamps are whole seconds")
  }

  /// A new process continues after the archive's last sample.
  @Test func anotherProcessContinues() {
    func first(_ change: (inout Sample) -> Void) -> [MachineEvent] {
      var before = Sequence()
      before.step()
      before.step { $0.ram.oomKills = 3 }
      var after = Sequence()
      after.detector.resume(after: before.sample)
      after.sample = before.sample
      return after.step(600) { sample in
        sample.agent.cpuTotal = 5
        change(&sample)
      }
    }
    let restart = first { _ in }
    #expect(kinds(restart) == [.agentRestart])
    #expect(restart[0].text == "agent restarted after 9m 50s without samples: 1")
    let reboot = first { ($0.host.uptime, $0.host.bootTime) = (100, 1_000_520) }
    #expect(kinds(reboot) == [.reboot])
    // It was down for longer than it had been up.
    var long = Sequence()
    long.sample.host.uptime = 50
    var early = Sequence()
    early.sample.host.uptime = 50
    early.step()
    long.detector.resume(after: early.sample)
    long.sample = early.sample
    #expect(kinds(long.step(10_000) { $0.host.uptime = 300 }) == [.reboot])
    // What happened meanwhile is seen by the counters.
    #expect(kinds(first { $0.ram.oomKills = 4 }) == [.agentRestart, .outOfMemory])
    #expect(first { $0.host.hostname = "other" }.isEmpty, "another machine's archive")
    #expect(first { $0.host.isDemo = true }.isEmpty)
  }

  /// Tracks of several intervals share the detector.
  @Test func samplesOfOneTickAreOne() {
    var sequence = Sequence()
    sequence.step()
    let first = sequence.step { $0.ram.oomKills = 1 }
    #expect(first.count == 1)
    #expect(sequence.detector.next(sequence.sample).isEmpty)
    sequence.sample.elapsed = 1
    #expect(sequence.step(1).isEmpty)
  }

  @Test func gpus() {
    func events(_ change: (inout GPU) -> Void) -> [MachineEvent] {
      var sequence = Sequence()
      sequence.step { $0.gpus = [Self.gpu { ($0.eccUncorrected, $0.throttleReasons) = (3, "") }] }
      sequence.step { change(&$0.gpus[0]) }
      return sequence.events
    }
    #expect(events { $0.xid = 79 }.map(\.text) == ["GPU 0: Xid 79"])
    let ecc = events { $0.eccUncorrected = 5 }
    #expect(ecc.map(\.text) == ["GPU 0: 2 uncorrected memory errors"] && ecc[0].count == 2)
    #expect(events { $0.eccUncorrected = 0 }.isEmpty, "the driver was loaded again")
    #expect(events { $0.recoveryAction = "Reset" }.map(\.text) == ["GPU 0 needs recovery: Reset"])
    #expect(events { $0.state = .lost }.map(\.kind) == [.gpuLost])
    #expect(events { $0.state = .asleep }.isEmpty)
    #expect(events { $0.throttleReasons = "power_cap" }.map(\.severity) == [.info])
    let hot = events { $0.throttleReasons = "power_cap,hw_thermal" }
    #expect(hot.map(\.severity) == [.warning] && hot[0].text == "GPU 0 throttled: power cap,hw thermal")
    #expect(hot[0].subject == "GPU 0" && hot[0].time == 1_000_020)
  }

  @Test func throttlingEndsAfterAQuietMinute() {
    var sequence = Sequence()
    sequence.step { $0.gpus = [Self.gpu { $0.throttleReasons = "" }] }
    // From second to second.
    for index in 0..<40 { sequence.step(1) { $0.gpus[0].throttleReasons = index % 2 == 0 ? "sw_thermal" : "" } }
    #expect(kinds(sequence.events) == [.throttleBegin])
    sequence.step(30) { $0.gpus[0].throttleReasons = "" }
    #expect(kinds(sequence.events) == [.throttleBegin])
    let end = sequence.step(30)
    #expect(kinds(end) == [.throttleEnd] && end[0].duration == 39)
    #expect(end[0].text == "GPU 0 no longer throttled after 39s")
  }

  @Test func filesystems() {
    var sequence = Sequence()
    sequence.step { $0.filesystems = [Self.filesystem(used: 90)] }
    #expect(sequence.step { $0.filesystems[0] = Self.filesystem(used: 94) }.isEmpty)
    let full = sequence.step { $0.filesystems[0] = Self.filesystem(used: 97) }
    #expect(kinds(full) == [.filesystemFull] && full[0].text == "/data is 97% full")
    // Hysteresis.
    for used in [94.0, 96, 94, 95] {
      #expect(sequence.step { $0.filesystems[0] = Self.filesystem(used: used) }.isEmpty)
    }
    let room = sequence.step { $0.filesystems[0] = Self.filesystem(used: 80) }
    #expect(kinds(room) == [.filesystemNotFull] && room[0].duration == 50)
    #expect(room[0].text == "/data has room again: 80% full, after 50s")
    // A hung one says nothing about its room.
    let hung = sequence.step(100) { sample in
      sample.filesystems[0] = Self.filesystem(used: 99)
      sample.filesystems[0].error = "no answer for 20 s"
      sample.filesystems[0].age = 20
    }
    #expect(kinds(hung) == [.gap, .filesystemHung] || kinds(hung) == [.filesystemHung, .gap])
    let back = sequence.step { sample in (sample.filesystems[0].error, sample.filesystems[0].age) = (nil, .nan) }
    #expect(kinds(back) == [.filesystemBack, .filesystemFull])
    let readOnly = sequence.step { $0.filesystems[0].isReadOnly = true }
    #expect(kinds(readOnly) == [.filesystemReadOnly] && readOnly[0].severity == .critical)
    #expect(kinds(sequence.step { $0.filesystems[0].isReadOnly = false }) == [.filesystemWritable])
    // One that is unreadable without an age does not hang.
    let denied = sequence.step { $0.filesystems[0].error = "permission denied" }
    #expect(denied.isEmpty)
  }

  @Test func inodesFillAFilesystemToo() {
    var sequence = Sequence()
    sequence.step { $0.filesystems = [Self.filesystem(used: 10)] }
    let full = sequence.step { ($0.filesystems[0].inodes, $0.filesystems[0].inodesFree) = (1_000, 10) }
    #expect(full.map(\.text) == ["/data has used 99% of its inodes"])
  }

  @Test func linksAndDisks() {
    var sequence = Sequence()
    sequence.step { sample in
      sample.networks = [Self.network("up")]
      sample.disks = [Self.disk(errors: 2), Self.disk("sdb", errors: .nan)]
    }
    let down = sequence.step { $0.networks[0].state = "down" }
    #expect(down.map(\.text) == ["eth0 has no link"])
    let up = sequence.step(70) { $0.networks[0].state = "up" }
    #expect(up.first { $0.kind == .linkUp }?.text == "eth0 has a link again after 1m 10s: 10 Gbit/s")
    #expect(sequence.step { $0.networks[0].state = "unknown" }.isEmpty)
    let errors = sequence.step { sample in
      sample.disks[0].errorsTotal = 5
      // A disk whose counter becomes known.
      sample.disks[1].errorsTotal = 9
    }
    #expect(errors.map(\.text) == ["sda: 3 failed requests"] && errors[0].count == 3)
  }

  @Test func errorsOfOneDiskAreOneEvent() {
    var sequence = Sequence()
    sequence.step { sample in
      sample.disks = [Self.disk(errors: 2), Self.disk("md0", errors: .nan)]
      (sample.disks[1].name, sample.disks[1].missingMembers, sample.disks[1].mismatchedSectors) = ("data", 0, 128)
    }
    let events = sequence.step { sample in
      (sample.disks[0].errorsTotal, sample.disks[0].linkErrorsTotal) = (3, 7)
      (sample.disks[1].missingMembers, sample.disks[1].mismatchedSectors) = (1, 0)
    }
    // The PCIe errors become known only now.
    #expect(events.map(\.text) == ["sda: 1 failed request", "md0 (data): 1 missing member"])
    // At most one a minute of a disk.
    for _ in 0..<7 { sequence.step() }
    let more = sequence.step { sample in
      (sample.disks[0].errorsTotal, sample.disks[0].linkErrorsTotal, sample.disks[0].timeoutsTotal) = (5, 8, 1)
      (sample.disks[1].missingMembers, sample.disks[1].memberErrorsTotal) = (0, 2)
    }
    #expect(more.map(\.text) == ["sda: 2 failed requests, 1 uncorrected PCIe error"])
    #expect(more.first?.kind == .diskErrors && more.first?.count == 3)
  }

  @Test func errorsOfAFilesystem() throws {
    var sequence = Sequence()
    sequence.step { sample in
      var filesystem = Self.filesystem(used: 9)
      (filesystem.mountpoint, filesystem.fstype, filesystem.device) = ("/data", "ext4", "/dev/nvme0n1p1")
      filesystem.errorsTotal = 4
      sample.filesystems = [filesystem]
    }
    let events = sequence.step { $0.filesystems[0].errorsTotal = 5 }
    #expect(events.map(\.text) == ["/data (ext4 on /dev/nvme0n1p1): 1 error"])
    #expect(events.first?.kind == .diskErrors && sequence.step().isEmpty)
  }

  /// It is logged and posted as one, and has begun with the sample.
  @Test func anAlertThatFiresOnTheFirstSampleIsAnEvent() {
    var sequence = Sequence()
    let events = sequence.step { sample in
      var old = Self.alert(.firing)
      old.name = "old"
      var new = Self.alert(.firing)
      new.since = sample.timestamp.seconds
      sample.alerts = [old, new, Self.alert(.pending)]
    }
    #expect(events.map(\.subject) == ["full//var"] && kinds(events) == [.alertFiring])
    #expect(sequence.step().isEmpty)
  }

  @Test func alertsAcrossARestart() {
    var sequence = Sequence()
    var last = sequence.sample
    var (kept, gone) = (Self.alert(.firing), Self.alert(.firing))
    (kept.name, gone.name) = ("kept", "gone")
    var changed = Self.alert(.firing)
    changed.rule = "filesystems.usage > 95%"
    last.alerts = [kept, gone, changed]
    sequence.detector.resume(after: last)
    changed.rule = "filesystems.usage > 90%"
    let events = sequence.step { $0.alerts = [kept, changed] }.filter { $0.kind != .agentRestart }
    #expect(kinds(events) == [.alertResolved, .alertResolved, .alertFiring])
    #expect(events.map(\.subject) == ["gone//var", "full//var", "full//var"] && events[0].duration == 110)
  }

  @Test func alerts() {
    var sequence = Sequence()
    sequence.step()
    #expect(sequence.step { $0.alerts = [Self.alert(.pending)] }.isEmpty)
    let firing = sequence.step { $0.alerts = [Self.alert(.firing)] }
    #expect(kinds(firing) == [.alertFiring] && firing[0].subject == "full//var")
    #expect(firing[0].text == "alert full: /var: share in use 97%")
    #expect(sequence.step().isEmpty)
    let resolved = sequence.step { $0.alerts = [] }
    #expect(kinds(resolved) == [.alertResolved] && resolved[0].duration == 150)
  }

  @Test func theContainersLimits() {
    var sequence = Sequence()
    sequence.step { sample in
      sample.ram.oomKills = .nan
      var group = Cgroup()
      (group.oomKills, group.throttled, group.cpuLimit) = (0, 0, 2)
      sample.cgroup = group
    }
    let both = sequence.step { sample in
      sample.cgroup?.oomKills = 2
      sample.cgroup?.throttled = 0.5
    }
    #expect(
      both.map(\.text) == ["out of memory in the container: 2 processes killed", "container throttled to 2 CPUs"])
  }

  @Test func stormsAreBounded() {
    var sequence = Sequence(interval: 1)
    sequence.sample.elapsed = 1
    sequence.step(1)
    for _ in 0..<120 { sequence.step(1) { $0.ram.oomKills += 2 } }
    // One at once, then one a minute with the sum.
    #expect(sequence.events.map(\.count) == [2, 118])
    #expect(sequence.events[1].text == "out of memory: 2 processes killed (59 times)")
    var many = Sequence()
    many.step { $0.gpus = (0..<100).map { Self.gpu($0) } }
    let burst = many.step { sample in for index in 0..<100 { sample.gpus[index].xid = 79 } }
    #expect(burst.count == 20)
    many.step(30) { _ in }
    let rest = many.step(30)
    #expect(rest.contains { $0.text == "80 more within a minute: Xid" && $0.count == 80 })
  }

  @Test func textsAreBounded() {
    let long = String(repeating: "a", count: 9_999)
    let event = MachineEvent(.xid, at: 1, subject: long, long)
    #expect(event.subject.count == 256 && event.text.count == 400)
    #expect(EventText.duration(.infinity) == "0s" && EventText.duration(3_725) == "1h 02m")
    #expect(EventText.duration(273_600) == "3d 4h" && EventText.count(3, "process") == "3 processes")
    #expect(EventText.growth(.nan, 5) == 0 && EventText.growth(5, 3) == 0 && EventText.growth(0, 1e12) == 0)
  }

  // MARK: Devices

  static func gpu(_ index: Int = 0, _ change: (inout GPU) -> Void = { _ in }) -> GPU {
    var gpu = GPU(index: index, vendor: "nvidia")
    change(&gpu)
    return gpu
  }

  static func filesystem(_ mount: String = "/data", used: Double) -> Filesystem {
    var filesystem = Filesystem(mountpoint: mount, device: "/dev/sda1", fstype: "ext4", isReadOnly: false)
    (filesystem.total, filesystem.used, filesystem.free, filesystem.available) = (100, used, 100 - used, 100 - used)
    return filesystem
  }

  static func network(_ state: String) -> Network {
    var network = Network()
    (network.device, network.isPhysical, network.state, network.speed) = ("eth0", true, state, 1.25e9)
    return network
  }

  static func disk(_ name: String = "sda", errors: Double) -> Disk {
    var disk = Disk()
    (disk.device, disk.errorsTotal) = (name, errors)
    return disk
  }

  static func alert(_ phase: Alert.Phase) -> Alert {
    var alert = Alert()
    (alert.name, alert.target, alert.phase, alert.since) = ("full", "/var", phase, 999_900)
    alert.summary = "/var: share in use 97%"
    return alert
  }
}
