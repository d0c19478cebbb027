import API
import AgentMetrics
import ArgumentParser
import Collect
import Platforms
import SampleStore
import SystemIO

/// `agent doctor`: checks everything that the agent needs on this machine.
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Check sources, permissions, GPUs, clock, archive, port and push targets.",
    usage: "agent doctor [--bundle <file>] [--connect <url>] [--config <file>]",
    discussion: """
      Each line is ok, a note, or a problem, which names what to do. The exit code is 1 if there is a problem.

      Run it as the user of the service, since rights differ: sudo -u worker-agent agent doctor.
      """)

  @OptionGroup var daemon: SettingOptions<DaemonSettings>
  @OptionGroup var options: SettingOptions<DoctorSettings>

  func run() throws {
    try Daemon.check(daemon)
    let bundle = try options.values([]).bundle
    let path = try daemon.values([]).config
    let check = SettingCheck(path)
    var doctor = Doctor()
    doctor.checkProcess()
    doctor.check(check)
    let sample = Self.sample()
    doctor.checkSources(of: sample)
    doctor.checkClock()
    let answer: Result<DaemonReport, Daemon.Failure>?
    do {
      answer = try Daemon(daemon).report()
    } catch let error as UsageError {
      throw error
    } catch {
      // The check of the settings says it.
      answer = nil
    }
    let report = answer.flatMap { try? $0.get() }
    doctor.checkProcessEnds(platform.processEnds, report)
    // The settings are of this machine's service, not of an agent that the caller names.
    let isNamed = report != nil && (try? daemon.values([]).agent) != nil
    let archive = try? SettingOptions<ArchiveFileSettings>().values(SettingCheck.sources, file: check.file)
    doctor.checkArchive(isNamed ? nil : archive?.database, report)
    doctor.checkPort(answer)
    doctor.checkPush(try? SettingOptions<PushSettings>().values(SettingCheck.sources, file: check.file), report)
    try Output.write(doctor.text)
    if let bundle {
      try SupportBundle(doctor: doctor.text, settings: check.settings, sample: sample, report: report).write(to: bundle)
      try Output.write(
        "wrote \(bundle): no tokens, passwords or command lines; names of hosts and users remain\n")
    }
    if doctor.hasProblem { throw ExitCode(1) }
  }

  /// Reads this machine once, like `--once`.
  private static func sample() -> Sample? {
    let history = History(capacity: 1, interval: 1)
    Sampler(
      source: .live { platform.allCollectors(root: "", version: version, isSingle: true) },
      demand: SamplingDemand(history), timekeeper: OnceTimekeeper(), report: { _ in }
    ).run()
    return history.latest?.sample
  }
}

/// The options of `agent doctor`.
struct DoctorSettings: SettingTable {
  static let title = ""
  let bundle = SettingRow(
    "--bundle <file>", .file,
    "Also write a support archive (.tar.gz): this report, settings, one sample, the daemon's state; without secrets.")
}
