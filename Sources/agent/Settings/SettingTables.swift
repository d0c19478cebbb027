import API
import AgentMetrics
import Alerts
import Archive
import ArgumentParser
import ClientHTTP
import Collect
import Dashboard
import Query
import SampleStore
import Logging
import PrometheusExport
import Remote
import ServerCore
import Sinks
import SystemIO

// All settings of the program. A new one is a row here and its use, `configuration.server.port`.

struct MainSettings: SettingTable {
  static let title = "Main options"

  let tui = SettingRow("--tui", "Show the dashboard in this terminal.")
  let serve = SettingRow(
    "--serve", "Serve the web page and the JSON API; the default without --tui and --once, and possible with --tui.")
  let connect = SettingRow(
    list: "--connect <url>",
    SettingDomain("http://HOST:PORT or unix:/PATH") { RemoteMachine.isAddress($0) ? RemoteTarget(url: $0) : nil },
    "With --tui: show the machine of the agent at this URL; several are shown as a grid.")
  let hostsFile = SettingRow(
    "--hosts-file <file>", RemoteTarget.hostsFile,
    "With --tui: show the machines of a file with an agent per line, URL and optional name.")
  let authorities = SettingRow(
    "--connect-ca-file <file>", authorityFile,
    "With --connect or --hosts-file: CA certificates that verify https agents; the system's by default.")
  static var authorityFile: SettingDomain<String> {
    SettingDomain("a file with CA certificates in PEM", completion: .file()) { path in
      transport.hasAuthorities(path) ? path : nil
    }
  }
  let once = SettingRow("--once", "Print one sample and exit.")
  let json = SettingRow("--json", "With --once: print the JSON of /metrics/latest.")
  let demo = SettingRow("--demo", "Show a simulated machine with 64 cores and 8 GPUs.")
  let root = SettingRow(
    list: "--root <directory>",
    SettingDomain("a directory that contains proc", completion: .directory) { directory in
      // Without trailing slashes: "" is the running machine.
      let path = String(directory.reversed().drop { $0 == "/" }.reversed())
      return !directory.isEmpty && (path.isEmpty || Files.exists(path + "/proc")) ? path : nil
    },
    "Read proc, sys and etc below this directory: a host's in a container, or a recording. A second --root is the same"
      + " recording at a later time.")
  let config = SettingRow(
    "--config <file>", .file,
    "Settings file with a VARIABLE=value per line; an agent that serves reads /etc/worker-agent/agent.conf by default.")
  let commandLines = SettingRow(
    "--command-lines <detail>", variable: "COMMAND_LINES", default: CommandLineDetail.masked, .choice,
    "Command lines of processes: in full, with asterisks for passwords, tokens and other secrets, or none.")
  let logLevel = SettingRow(
    "--log-level <level>", variable: "LOG_LEVEL", default: Logger.Level.info, .choice, "Least severe messages to log.")
  let logFormat = SettingRow(
    "--log-format <format>", variable: "LOG_FORMAT", default: LogFormat.text, .choice,
    "Form of the log's lines; json: an object per line, for log collectors.")
}

struct ServerSettings: SettingTable {
  static let title = "HTTP server"

  let port = SettingRow(
    "--port <port>", variable: "PORT", default: 8080, .integer(0...65_535),
    "Port to listen on; 0 picks a free port, which the log names.")
  let host = SettingRow(
    "--host <address>", variable: "HOST", default: "127.0.0.1",
    SettingDomain("an IP address or a host name") { host in
      let isPlain = host.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }
      return (1...255).contains(host.utf8.count) && isPlain ? host : nil
    }, "Address to listen on; 0.0.0.0 or :: for all addresses.")
  let listen = SettingRow(
    "--listen <socket>", variable: "LISTEN",
    SettingDomain<UnixSocket>(
      SettingDomainAbout(allowed: "unix:/PATH, optionally with ,group=NAME and ,mode=0660", completion: .file())
    ) { text throws(SettingRefusal) in
      let groups = { (try? Files.contents(of: "/etc/group")).map { String(decoding: $0, as: UTF8.self) } ?? "" }
      if let socket = UnixSocket(text, groups: groups) { return socket }
      let form = "must be unix:/PATH, optionally with ,group=NAME and ,mode=0660"
      throw SettingRefusal(word: text, reason: UnixSocket.problem(text, groups: groups) ?? form)
    }, "Listen on this Unix socket, too, for the users that its permissions allow, without a token.")
  let tokenFile = SettingRow(
    "--token-file <file>", variable: "TOKEN_FILE",
    SettingDomain(SettingDomainAbout(allowed: tokenFileContents, completion: .file())) { path throws(SettingRefusal) in
      try FileTokens(path)
    },
    "Require one of this file's tokens, except for the page's files and the status of /health; with --connect, send the"
      + " first. A token with the word metrics behind it opens /metrics only. The file is read again when it changes.")
  let insecure = SettingRow(
    "--insecure", variable: "INSECURE",
    "Listen for other machines without a token: anyone who reaches the port may read.")
  let certificate = SettingRow(
    "--tls-cert <file>", variable: "TLS_CERT", .file,
    "Serve https with this certificate and its chain (PEM); requires --tls-key. Both are read again when they change.")
  let key = SettingRow("--tls-key <file>", variable: "TLS_KEY", .file, "Private key (PEM) of --tls-cert.")
  let clientAuthorities = SettingRow(
    "--tls-client-ca <file>", variable: "TLS_CLIENT_CA", .file,
    "With --tls-cert: require a client certificate that one of these CA certificates (PEM) signed.")
  let corsOrigins = SettingRow(
    list: "--cors-origin <origin>", variable: "CORS_ORIGIN", separator: .comma,
    SettingDomain("an origin as browsers send it, https://grafana.example.org or http://host:3000") { origin in
      isOrigin(origin) ? origin : nil
    }, "Allow pages of this origin to read the API.")
  let allowedHosts = SettingRow(
    list: "--allowed-host <name>", variable: "ALLOWED_HOST", separator: .comma,
    SettingDomain("a host name without a port") { isHostName($0) ? $0 : nil },
    "Answer requests for this host name too, besides addresses, localhost and the machine's own name.")
  let prometheus = SettingRow(
    "--prom-compat <names>", variable: "PROM_COMPAT", default: PrometheusCompatibility.node, .choice,
    "Metric names of /metrics besides agent_*: node_exporter's, dcgm-exporter's, both (all), or node_exporter's and"
      + " cadvisor's.")
  let workloadSeries = SettingRow(
    "--workload-series <count>", variable: "WORKLOAD_SERIES", default: 100, .integer(0...10_000),
    "Workloads that /metrics lists at most; the others are summed as (other).")

  static let tokenFileContents = "a file with a token per line, without spaces"

  /// Whether a text is scheme, host and port as in a browser's Origin header: lower case, without a path.
  private static func isOrigin(_ text: String) -> Bool {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, parts[1].hasPrefix("//"), !parts[0].isEmpty else { return false }
    let authority = parts[1].dropFirst(2)
    return parts[0].utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x2B...0x39).contains($0) && $0 != 0x2F }
      && !authority.isEmpty
      && authority.utf8.allSatisfy { byte in
        (0x61...0x7A).contains(byte) || (0x30...0x3A).contains(byte) || [0x2D, 0x2E, 0x5B, 0x5D].contains(byte)
      }
  }

  private static func isHostName(_ text: String) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy { byte in
        (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A || (0x30...0x39).contains(byte)
          || [0x2D, 0x2E, 0x5F].contains(byte)
      }
  }
}

struct SampleSettings: SettingTable {
  static let title = "Samples and history"

  let interval = SettingRow(
    "--interval <seconds>", variable: "INTERVAL_SEC", default: 30, .integer(1...86_400),
    "Seconds between two stored samples.")
  let historySize = SettingRow(
    "--history <samples>", variable: "HISTORY_SIZE", default: 720, .integer(1...1_000_000), "Samples kept in memory.")
}

/// The archive's file, for the agent and for export and import.
struct ArchiveFileSettings: SettingTable {
  static let title = SampleSettings.title

  let database = SettingRow(
    "--db <file>", variable: "DB_PATH", .file,
    "SQLite file that stores samples for years; export and import require it.")
}

struct ArchiveSettings: SettingTable {
  static let title = SampleSettings.title

  let retention = SettingRow(
    "--retention <times>", variable: "DB_RETENTION", default: Retention(),
    SettingDomain("three ascending times such as 7d,90d,2y (s, m, h, d, w, y)") { Retention($0) },
    "With --db: how long to keep samples, minutes and quarters of an hour. At intervals too long for minutes to save"
      + " space, samples are kept as long.")
  let databaseSize = SettingRow(
    "--db-max-size <size>", variable: "DB_MAX_SIZE", default: Int64(2) << 30, shown: "2G",
    SettingDomain("a size of at least 1M, such as 500M or 2G (K, M, G, T)") { text in
      parseSize(text).flatMap { $0 >= 1 << 20 ? $0 : nil }
    }, "With --db: maximum size of the file.")
}

struct PushSettings: SettingTable {
  static let title = "Push"

  let urls = SettingRow(
    list: "--push <url>", variable: "PUSH_URL", .text("an http or https URL"),
    "Send every sample to this Prometheus remote write receiver, http://HOST:9090 or a whole URL. With --db, samples"
      + " missed in an outage or restart are sent later.")
  let kinds = SettingRow(
    list: "--push-protocol <protocol>", variable: "PUSH_PROTOCOL",
    SettingDomain<SinkKind>.words(SinkKind.all.map(\.name)) { SinkKind(named: $0) },
    "Protocol, remote-write by default: 2.0, or 1.0 if the receiver does not support it. Of this and the following"
      + " options, one value is for all receivers, several are for each in turn.")
  let usernames = SettingRow(
    list: "--push-username <name>", variable: "PUSH_USERNAME", .text("a name"),
    "User name for receivers; requires --push-password-file.")
  let passwordFiles = SettingRow(
    list: "--push-password-file <file>", variable: "PUSH_PASSWORD_FILE", .file,
    "File whose first line is the password; read for each request.")
  let tokenFiles = SettingRow(
    list: "--push-token-file <file>", variable: "PUSH_TOKEN_FILE", .file,
    "File whose first line is the bearer token; read for each request.")
  let authorities = SettingRow(
    list: "--push-ca-file <file>", variable: "PUSH_CA_FILE", MainSettings.authorityFile,
    "CA certificates (PEM) used to verify receivers; the system's by default.")
  let headers = SettingRow(
    list: "--push-header <field>",
    SettingDomain("\"Name: value\", not a header that the agent sets itself") { PushTarget.Header($0) },
    "Add a header to each request, such as \"X-Scope-OrgID: me\".")
  let labels = SettingRow(
    list: "--push-label <name=value>",
    SettingDomain("name=value with a name of letters, digits and underscores") { PushLabel($0) },
    "Add a label to every series; instance=HOSTNAME and job=agent by default.")
}

struct AlertSettings: SettingTable {
  static let title = "Alerts"

  /// Whether the shipped rules are evaluated.
  enum Switch: String, CaseIterable {
    case on, off
  }

  let rules = SettingRow(
    list: "--alert <rule>", variable: "ALERT", separator: .semicolon,
    SettingDomain(SettingDomainAbout(allowed: AlertRule.allowed)) { word throws(SettingRefusal) in
      do throws(AlertRule.RuleError) {
        return try AlertRule(word)
      } catch {
        // A comma outside labels.
        let hint = SeriesSelector.list(word).count > 1 ? "; rules in a variable are separated by semicolons" : ""
        throw SettingRefusal(word: word, reason: error.description + hint)
      }
    },
    "Alert while a metric of /catalog violates a threshold: 'gpus.temperature_c > 85 for 1m', with labels or a name"
      + " 'full: filesystems.usage{mountpoint=\"/data\"} > 90%', or 'ram.oom_kills_total increases'. A rule with the name"
      + " of a shipped one replaces it.")
  let defaults = SettingRow(
    "--default-alerts <switch>", variable: "DEFAULT_ALERTS", default: Switch.on, .choice,
    "Evaluate the shipped rules, which /alerts lists.")
  let webhooks = SettingRow(
    list: "--alert-webhook <url>", variable: "ALERT_WEBHOOK",
    SettingDomain(SettingDomainAbout(allowed: "an http or https URL", hidesPaths: true)) { url throws(SettingRefusal) in
      guard !url.isEmpty else { throw SettingRefusal(word: url, reason: "must be an http or https URL") }
      return url
    },
    "Post alerts that begin and end to this URL.")
  let webhookFormat = SettingRow(
    "--alert-webhook-format <format>", variable: "ALERT_WEBHOOK_FORMAT", default: AlertWebhook.Format.json, .choice,
    "Format of the posts.")
  let webhookTokenFile = SettingRow(
    "--alert-webhook-token-file <file>", variable: "ALERT_WEBHOOK_TOKEN_FILE", .file,
    "File whose first line is the bearer token of the posts; read for each one.")
  let webhookAuthorities = SettingRow(
    "--alert-webhook-ca-file <file>", variable: "ALERT_WEBHOOK_CA_FILE", MainSettings.authorityFile,
    "CA certificates (PEM) used to verify receivers of alerts; the system's by default.")
}

enum TerminalKind: String, CaseIterable {
  case auto, ncurses, vt
}

struct TerminalSettings: SettingTable {
  static let title = "Dashboard"

  let theme = SettingRow(
    "--theme <name>", .words(values(of: "theme")), "With --tui: colors, like --set theme=NAME.")
  let layout = SettingRow(
    "--layout <name>", .words(values(of: "layout")), "With --tui: layout, like --set layout=NAME.")
  let overrides = SettingRow(
    list: "--set <setting=value>",
    SettingDomain(SettingDomainAbout(allowed: all, isInHelp: true)) { word throws(SettingRefusal) in
      if let problem = DashboardOptions.problem(ofOverride: word) { throw SettingRefusal(word: word, reason: problem) }
      return word
    }, "With --tui: a setting that overrides the config file.")
  let at = SettingRow("--at <time>", .time, "With --tui: open at this time of the past, as key g does.")
  let terminal = SettingRow(
    "--terminal <kind>", default: TerminalKind.auto, .choice,
    "With --tui: draw through ncurses, which auto does where the system has it, or by the sequences of xterm (vt).")
  let readOnly = SettingRow("--read-only", "With --tui: send no signals to processes.")

  private static func values(of key: String) -> [String] {
    DashboardOptions.settingsHelp.first { $0.key == key }?.values ?? []
  }

  private static var all: String {
    DashboardOptions.settingsHelp.map { setting in
      setting.key + (setting.values.isEmpty ? "" : "=" + setting.values.joined(separator: "|"))
    }.joined(separator: ", ")
  }
}

/// The options of `agent export`.
struct ExportSettings: SettingTable {
  static let title = ""

  enum Format: String, CaseIterable {
    case csv, json, openmetrics
  }

  let from = SettingRow("--from <time>", .time, "Time of the first sample; the oldest by default.")
  let to = SettingRow("--to <time>", .time, "Time of the last sample; the newest by default.")
  let format = SettingRow(
    "--format <format>", default: Format.csv, .choice,
    "csv: columns. json: a sample per line, as in /metrics/latest. openmetrics: for promtool tsdb create-blocks-from.")
  let metrics = SettingRow(
    list: "--metrics <selectors>",
    SettingDomain("ids of the catalog, with labels or *") { text in
      let selectors = SeriesSelector.list(text)
      return selectors.allSatisfy(\.isKnown) ? selectors : nil
    }, "With csv and openmetrics: the metrics, as in /metrics/history; all by default.")
  let step = SettingRow(
    "--step <seconds>", .integer(1...31_622_400), "With csv and openmetrics: means over steps; every sample by default."
  )
}

/// The options of `agent report`.
struct ReportSettings: SettingTable {
  static let title = ""

  enum Format: String, CaseIterable {
    case text, json, markdown
  }

  let from = SettingRow("--from <time>", .time, "Begin of the window; an hour before its end by default.")
  let to = SettingRow("--to <time>", .time, "End of the window; the newest sample by default.")
  let grouping = SettingRow(
    "--by <group>", default: CulpritGrouping.workload, .choice, "Grouping: process, user or workload.")
  let measure = SettingRow(
    "--of <measure>", default: CulpritMeasure.cpu, .choice,
    "The measure: CPU time, mean memory, bytes read and written, GPU time, or energy of GPUs.")
  let waste = SettingRow(
    "--waste", "Print resources held without use instead: idle GPUs, their energy, and time throttled at CPU limits.")
  let limit = SettingRow("--limit <count>", default: 20, .integer(1...1_000), "Entries at most, and events.")
  let format = SettingRow(
    "--format <format>", default: Format.text, .choice,
    "text or markdown: tables. json: as /culprits, with events, or with --waste as /waste.")
}

/// The options of `agent token`.
struct TokenSettings: SettingTable {
  static let title = ""

  let tokenFile = SettingRow(
    "--token-file <file>", .file,
    "Write it to this new file, readable by its owner only; to standard output by default.")
  let role = SettingRow(
    "--role <role>", default: AccessToken.Role.read, .choice,
    "read: all routes. metrics: only /metrics, for Prometheus.")
}

/// The options of `agent import`.
struct ImportSettings: SettingTable {
  static let title = ""

  enum Format: String, CaseIterable {
    case json, openmetrics
  }

  let format = SettingRow(
    "--format <format>", default: Format.json, .choice,
    "json: a sample per line. openmetrics: lines with timestamps, then # EOF.")
}

extension SettingDomain where Value == Double {
  fileprivate static var time: Self {
    Self(TimeText.allowed) {
      TimeText(now: Clock.realtime) { Clock.utcOffset(at: $0) }.time($0)
    }
  }
}
