/// The secrets that are masked in command lines: names, tokens and programs, all in this file.
enum SecretList {
  // MARK: Names of options, variables, headers and members

  /// A name that contains one of these, in lower case and without separators, is secret: `--db-password`, `dbPassword`.
  static let nameParts = [
    "password", "passwd", "passphrase", "passcode", "passwort", "secret", "credential", "authorization",
    "connectionstring",
    "apikey", "accesskey", "privatekey", "signingkey", "encryptionkey", "authkey", "accountkey", "masterkey",
    "sharedkey",
    "storagekey", "deploykey", "sessionkey", "licensekey", "hmackey", "appkey", "fernetkey", "authtoken", "apitoken",
  ]
  /// A name whose last word ends so is secret: `--token`, `HF_TOKEN`, `-storepass`, `MYSQL_PWD`.
  static let nameEndings = ["token", "pass", "pwd"]
  /// A name with such a last word is secret: `-pw`, `wpa_psk`, the `X-Amz-Signature` of a signed URL.
  static let lastWords: Set<String> = ["pw", "upw", "opw", "psk", "jwt", "cookie", "bearer", "sas", "sig", "signature"]
  /// Names that are secret as a whole.
  static let wholeNames: Set<String> = ["auth", "dsn"]
  /// Parts of names whose value is usually a file, which is shown if it has a path's form: `--private-key ~/.ssh/id`.
  static let fileParts = ["key", "credential", "secret", "signature", "pwd", "cookie"]
  /// A name with such a last word describes a secret: `--password-file`, `--token-ttl`.
  static let harmlessEndings: Set<String> = [
    "file", "files", "path", "dir", "directory", "folder", "name", "names", "type", "url", "uri", "endpoint", "host",
    "port",
    "count", "length", "len", "limit", "size", "max", "min", "ttl", "expiry", "expiration", "expires", "timeout",
    "lifetime",
    "duration", "interval", "policy", "env", "var", "prompt", "stdin", "fd", "provider", "command", "cmd", "helper",
    "store",
    "manager", "budget", "rate", "usage", "ids", "jar", "format", "version", "enabled", "required", "algorithm",
    "method",
    "mode", "arn", "region", "namespace", "issuer", "audience", "rotation", "strength", "check", "hint",
  ]
  /// A name that begins so has no value, or one that is no secret: `--no-password`, `--max-token`.
  static let harmlessBeginnings: Set<String> = [
    "no", "ask", "skip", "disable", "enable", "require", "use", "allow", "prompt", "force", "without", "show", "hide",
    "list",
    "max", "min", "num", "n", "total", "avg",
  ]
  /// Words beside `token` and `pass` in names of other kinds: tokens of a language model, passes of an encoder.
  static let harmlessWords: Set<String> = [
    "eos", "bos", "pad", "unk", "sep", "cls", "mask", "stop", "image", "audio", "video", "special", "start", "end",
    "next",
    "first", "second", "per", "bypass", "compass", "lowpass", "highpass", "bandpass", "subpass", "renderpass",
    "trespass",
    "askpass", "oldpwd", "draft", "decoder",
  ]
  /// Values that switch an option rather than hold a secret.
  static let harmlessValues: Set<String> = [
    "true", "false", "yes", "no", "on", "off", "none", "null", "nil", "-", "stdin", "prompt", "basic", "digest", "ntlm",
    "negotiate", "oauth2",
  ]

  // MARK: Tokens that show themselves by their beginning

  struct Token {
    let prefix: [UInt8]
    /// Minimum number of letters, digits, `_` and `-` after the prefix.
    let length: Int
    /// Whether a digit is among them: distinguishes `sk-` from words with hyphens.
    let hasDigit: Bool

    init(_ prefix: String, _ length: Int, hasDigit: Bool = false) {
      self.prefix = Array(prefix.utf8)
      self.length = length
      self.hasDigit = hasDigit
    }
  }

  static let tokens = [
    // GitHub, GitLab, npm, PyPI, Docker, RubyGems.
    Token("ghp_", 20), Token("gho_", 20), Token("ghu_", 20), Token("ghs_", 20), Token("ghr_", 20),
    Token("github_pat_", 20),
    Token("glpat-", 16), Token("gldt-", 16), Token("glrt-", 16), Token("npm_", 30), Token("pypi-", 30),
    Token("dckr_pat_", 16),
    Token("rubygems_", 30),
    // Models and their hubs.
    Token("sk-", 20, hasDigit: true), Token("hf_", 20), Token("nvapi-", 20), Token("gsk_", 20), Token("xai-", 20),
    Token("r8_", 20),
    // Payment, chat, mail.
    Token("sk_live_", 10), Token("sk_test_", 10), Token("rk_live_", 10), Token("rk_test_", 10), Token("whsec_", 16),
    Token("xoxb-", 10), Token("xoxp-", 10), Token("xoxa-", 10), Token("xoxr-", 10), Token("xoxs-", 10),
    Token("xapp-", 10),
    Token("SG.", 16), Token("key-", 32, hasDigit: true),
    // Clouds, secret stores, networks.
    Token("AKIA", 16), Token("ASIA", 16), Token("AIza", 30), Token("ya29.", 20), Token("dop_v1_", 20),
    Token("hvs.", 16),
    Token("hvb.", 16), Token("glsa_", 20), Token("tskey-", 12), Token("AGE-SECRET-KEY-", 20), Token("pul-", 30),
    Token("atlasv1.", 20), Token("dapi", 32, hasDigit: true), Token("shpat_", 20),
  ]

  // MARK: Programs with options of their own

  /// Where the secret is in a value.
  enum Form: Sendable {
    case whole
    /// After the first such character: `user:password`.
    case after(Character)
    /// `NAME: VALUE`, if the name is secret.
    case header
    /// Name and value pairs rather than a file's name.
    case cookie
    /// `pass:password`, one of several sources of openssl.
    case source
    /// `user/password@database`.
    case database
  }

  struct Option: Sendable {
    let name: String
    let form: Form
    /// Whether the value follows in the same argument, in the next one, or in either.
    var isAttached = true
    var isSeparate = true

    /// The value in the same argument or the next.
    static func either(_ names: String..., form: Form = .whole) -> [Option] {
      names.map { Option(name: $0, form: form) }
    }

    static func attached(_ names: String..., form: Form = .whole) -> [Option] {
      names.map { Option(name: $0, form: form, isSeparate: false) }
    }

    static func separate(_ names: String..., form: Form = .whole) -> [Option] {
      names.map { Option(name: $0, form: form, isAttached: false) }
    }
  }

  struct Program: Sendable {
    /// Names, or beginnings of names with `*`.
    let names: [String]
    var options: [Option] = []
    /// Options without a value, which may stand before another in one argument: `-su user:password`.
    var flags = ""
    /// The form of arguments that are no options.
    var operand: Form?
    /// Whether it runs a command line that it gets as one argument.
    var isShell = false
    /// Options after the word `login`.
    var login: [Option] = []
  }

  static let programs: [Program] = [
    Program(
      names: [
        "sh", "bash", "dash", "zsh", "ksh", "ash", "fish", "busybox", "su", "runuser", "flock", "ssh", "watch", "tmux",
        "screen", "xargs", "parallel", "script", "cmd", "powershell", "pwsh",
      ], isShell: true),
    // -p alone asks for the password; the next argument is a database.
    Program(names: ["mysql*", "mariadb*", "mycli", "mytop", "mydumper", "myloader"], options: Option.attached("-p")),
    Program(names: ["sshpass"], options: Option.either("-p")),
    Program(
      names: ["curl"],
      options: Option.either("-u", "-U", "--user", "--proxy-user", "-E", "--cert", form: .after(":"))
        + Option.either("-b", "--cookie", form: .cookie) + Option.either("-H", form: .header),
      flags: "#0123456fgGiIjJkLnNOpqRsSvVZ"),
    Program(names: ["http", "https", "xh", "xhs"], options: Option.either("-a", "--auth", form: .after(":"))),
    Program(names: ["redis-cli", "valkey-cli", "keydb-cli"], options: Option.separate("-a")),
    Program(
      names: ["mongo", "mongosh", "mongodump", "mongorestore", "mongoexport", "mongoimport", "mongostat", "mongotop"],
      options: Option.separate("-p")),
    Program(names: ["7z", "7za", "7zr", "7zz", "rar", "unrar"], options: Option.attached("-p", "-hp")),
    Program(names: ["zip", "unzip"], options: Option.either("-P")),
    Program(names: ["ldap*"], options: Option.either("-w")),
    Program(
      names: ["smbclient", "smbget", "rpcclient", "net"], options: Option.either("-U", "--user", form: .after("%"))),
    Program(names: ["ipmitool"], options: Option.either("-P")),
    Program(
      names: ["snmpget", "snmpgetnext", "snmpbulkget", "snmpwalk", "snmpbulkwalk", "snmpset", "snmptable", "snmptrap"],
      options: Option.either("-c", "-A", "-X")),
    Program(
      names: ["openssl"],
      options: Option.separate("-pass", "-passin", "-passout", form: .source) + Option.separate("-k", "-K", "-hmac")),
    Program(names: ["ssh-keygen"], options: Option.either("-N", "-P")),
    Program(names: ["xfreerdp*", "wlfreerdp*", "sdl-freerdp*"], options: Option.attached("/p:")),
    Program(names: ["rdesktop"], options: Option.either("-p")),
    Program(names: ["sqlcmd", "bcp", "tsql"], options: Option.either("-P")),
    Program(names: ["sqlplus", "sqlldr", "expdp", "impdp"], operand: .database),
    Program(names: ["lftp"], options: Option.either("-u", "--user", form: .after(","))),
    Program(names: ["etcdctl"], options: Option.either("--user", form: .after(":"))),
    Program(names: ["ttyd", "gotty"], options: Option.either("-c", "--credential", form: .after(":"))),
    Program(names: ["useradd", "usermod"], options: Option.separate("-p")),
    Program(
      names: ["kubectl", "oc"], options: Option.either("--from-literal", form: .after("=")),
      login: Option.either("-p")),
    Program(
      names: ["docker", "podman", "nerdctl", "buildah", "skopeo", "helm", "oras", "az", "cf"],
      login: Option.either("-p")),
    Program(names: ["vault", "wandb"], options: Option.separate("login")),
    Program(names: ["ngrok"], options: Option.separate("authtoken", "add-authtoken")),
    Program(
      names: ["aws"], options: Option.separate("aws_secret_access_key", "aws_session_token", "aws_access_key_id")),
    Program(names: ["nmcli"], options: Option.separate("password", "wifi-sec.psk", "802-11-wireless-security.psk")),
  ]
}
