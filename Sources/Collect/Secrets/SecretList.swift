/// The secrets that are masked in command lines: names, tokens and programs, all in this file.
enum SecretList {
  // MARK: Names of options, variables, headers and members

  /// A name that contains one of these, in lower case and without separators, is secret: `--db-password`, `dbPassword`.
  static let nameParts = [
    "password", "passwd", "passphrase", "passcode", "passwort", "secret", "credential", "authorization",
    "connectionstring",
    "apikey", "accesskey", "privatekey", "signingkey", "encryptionkey", "authkey", "accountkey", "masterkey",
    "sharedkey",
    "storagekey", "deploykey", "sessionkey", "licensekey", "licencekey", "hmackey", "appkey", "fernetkey", "authtoken",
    "decryptionkey", "instrumentationkey", "setupkey", "sonarlogin", "apitoken", "subscriptionkey", "functionskey",
    "recoverykey",
    "writekey", "ingestkey", "mnemonic", "basicauth",
    "httpauth", "proxyauth",
  ]
  /// A name whose last word ends so is secret: `--token`, `HF_TOKEN`, `-storepass`, `MYSQL_PWD`.
  static let nameEndings = ["token", "pass", "pwd", "creds", "pw"]
  /// Schemes of credentials in headers.
  static let schemes: Set<String> = ["bearer", "basic", "token", "digest"]
  /// A name with such a last word is secret: `-pw`, `wpa_psk`, the `X-Amz-Signature` of a signed URL.
  static let lastWords: Set<String> = [
    "pw", "upw", "opw", "psk", "jwt", "cookie", "bearer", "sas", "sig", "signature",
    "otp", "totp", "salt", "pepper",
  ]
  /// Names that are secret as a whole.
  static let wholeNames: Set<String> = ["auth", "dsn", "masterauth", "xregistryauth", "plaintext"]
  /// Names of codes that people type.
  static let codeNames: Set<String> = ["pin", "puk", "pincode", "userpin", "sopin", "newpin", "oldpin", "cardpin"]
  /// A name with such a last word is a secret's if the value looks random, unless another word says that it is public.
  static let weakWords: Set<String> = ["key", "pat"]
  static let publicWords: Set<String> = ["public", "pub", "host", "sort", "partition", "primary", "recv", "default"]
  /// A name with such an ending, and one of these parts, is of a command that prints a secret.
  static let commandEndings = ["command", "cmd", "eval"]
  static let commandParts = ["pass", "secret", "token"]
  /// Names in a command line without a hyphen that are commands or things, too, where the program is known.
  static let nouns: Set<String> = [
    "secret", "secrets", "token", "credential", "credentials", "cookie", "auth", "signature", "key", "jwt",
  ]
  /// Names before a colon that need no blank after it, and of options of Windows: `secret:x`, `/password:x`.
  static let colonNames: Set<String> = ["password", "passwd", "pass", "pwd", "secret", "token", "apikey", "apitoken"]
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
  /// Words before a quoted secret: of SQL, PowerShell and expect.
  static let quotedBehind: Set<String> = ["password", "by", "passphrase", "convertto-securestring", "send"]
  /// Values that switch an option rather than hold a secret.
  static let harmlessValues: Set<String> = [
    "true", "false", "yes", "no", "on", "off", "none", "null", "nil", "-", "stdin", "prompt", "basic", "digest", "ntlm",
    "negotiate", "oauth2",
  ]

  /// A variable of an environment whose name contains one of these is secret, whatever its value looks like.
  static let variableParts = [
    "PASS", "SECRET", "TOKEN", "KEY", "CREDENTIAL", "AUTH", "COOKIE", "PRIVATE", "SIGNATURE", "DSN", "CONNECTION",
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
    Token("rubygems_", 30), Token("glptt-", 16), Token("glcbt-", 16), Token("glft-", 16), Token("glimt-", 16),
    Token("glagent-", 16), Token("glsoat-", 16), Token("gloas-", 16), Token("ATATT3", 20), Token("ATBB", 20),
    // Models and their hubs.
    Token("sk-", 20, hasDigit: true), Token("hf_", 20), Token("nvapi-", 20), Token("gsk_", 20), Token("xai-", 20),
    Token("r8_", 20), Token("pplx-", 20), Token("tvly-", 16, hasDigit: true), Token("pcsk_", 20), Token("lsv2_", 20),
    // Payment, chat, mail.
    Token("sk_live_", 10), Token("sk_test_", 10), Token("rk_live_", 10), Token("rk_test_", 10), Token("whsec_", 16),
    Token("xoxb-", 10), Token("xoxp-", 10), Token("xoxa-", 10), Token("xoxr-", 10), Token("xoxs-", 10),
    Token("xapp-", 10), Token("xoxe.", 10), Token("xoxe-", 10), Token("xoxd-", 10), Token("xoxc-", 10),
    Token("SG.", 16), Token("key-", 32, hasDigit: true), Token("sq0atp-", 16), Token("sq0csp-", 16),
    Token("shpss_", 20), Token("shpca_", 20), Token("shppa_", 20),
    // Tools of developers.
    Token("PMAK-", 20), Token("figd_", 20), Token("lin_api_", 20), Token("nfp_", 20), Token("sbp_", 20),
    Token("sntrys_", 20), Token("sntryu_", 20), Token("phx_", 20), Token("NRAK-", 20), Token("pscale_", 20),
    Token("dp.pt.", 20), Token("dp.st.", 20), Token("ops_ey", 20),
    // Clouds, secret stores, networks.
    Token("AKIA", 16), Token("ASIA", 16), Token("ABIA", 16), Token("ACCA", 16), Token("LTAI", 12, hasDigit: true),
    Token("AIza", 30), Token("GOCSPX-", 20), Token("ya29.", 20), Token("dop_v1_", 20), Token("doo_v1_", 20),
    Token("hvs.", 16),
    Token("hvb.", 16), Token("glsa_", 20), Token("tskey-", 12), Token("AGE-SECRET-KEY-", 20), Token("pul-", 30),
    Token("atlasv1.", 20), Token("dapi", 32, hasDigit: true), Token("shpat_", 20),
    Token("dckr_oat_", 16), Token("glc_", 20), Token("ntn_", 20), Token("sgp_", 20), Token("rpa_", 20),
    Token("xkeysib-", 20), Token("AVNS_", 12), Token("SWMKEY-1-", 10), Token("SWMTKN-1-", 10),
  ]

  /// Tokens by the first character of their beginning.
  static let tokensByCharacter: [[Token]] = {
    var result = [[Token]](repeating: [], count: 256)
    for token in tokens { result[Int(token.prefix[0])].append(token) }
    return result
  }()

  /// Parts of URLs behind which the path is a secret itself; a host stands before one that begins with a dot.
  static let secretPaths = [
    "hooks.slack.com/", "discord.com/api/webhooks/", "discordapp.com/api/webhooks/", "api.telegram.org/bot",
    ".webhook.office.com/", "hooks.zapier.com/", "outlook.office.com/webhook/", "chat.googleapis.com/v1/spaces/",
    "oapi.dingtalk.com/robot/send", "qyapi.weixin.qq.com/cgi-bin/webhook/", "open.feishu.cn/open-apis/bot/",
    "hc-ping.com/",
  ].map { Array($0.utf8) }

  /// Words before a colon that no password follows, in `mailto:a@b`, `git+ssh:u@h`.
  static let harmlessSchemes: Set<String> = [
    "mailto", "sip", "sips", "acct", "xmpp", "npm", "unix", "cc", "to", "from",
  ]

  // MARK: Programs with options of their own

  /// Where the secret is in a value.
  enum Form: Hashable, Sendable {
    case whole
    /// The whole, perhaps behind an argument with the scheme: `Bearer`.
    case credentials
    /// After a colon, unless a number follows: `user:password`, but not `1000:1000`.
    case group
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
    /// The whole, unless it has a character of a path, a drive or an option.
    case word
    /// The whole, if it looks random, or for a password's name at least not like a word.
    case random(isPassword: Bool)
    /// No secret.
    case none
  }

  /// Options and operands behind a word of a command line: `docker login`, `rabbitmqctl add_user`.
  struct Mode: Sendable {
    let word: [UInt8]
    var options: [Option] = []
    /// The form of later arguments that are no options.
    var operand: Form?
    /// The number of such arguments before the first secret one, and of secret ones.
    var skips: Int
    var count: Int

    init(_ word: String, _ options: [Option] = [], operand: Form? = nil, skips: Int = 0, count: Int = .max) {
      self.word = Array(word.utf8)
      (self.options, self.operand, self.skips, self.count) = (options, operand, skips, count)
    }
  }

  struct Option: Sendable {
    let name: [UInt8]
    let form: Form
    /// Whether the value follows in the same argument, in the next one, or in either.
    var isAttached = true
    var isSeparate = true

    /// The value in the same argument or the next.
    static func either(_ names: String..., form: Form = .whole) -> [Option] {
      names.map { Option(name: Array($0.utf8), form: form) }
    }

    static func attached(_ names: String..., form: Form = .whole) -> [Option] {
      names.map { Option(name: Array($0.utf8), form: form, isSeparate: false) }
    }

    /// Options without a value, although their names are those of secrets.
    static func flags(_ names: String...) -> [Option] {
      names.map { Option(name: Array($0.utf8), form: .none, isAttached: false, isSeparate: false) }
    }

    /// Options whose value is neither a secret nor an operand.
    static func harmless(_ names: String...) -> [Option] {
      names.map { Option(name: Array($0.utf8), form: .none) }
    }

    static func separate(_ names: String..., form: Form = .whole) -> [Option] {
      names.map { Option(name: Array($0.utf8), form: form, isAttached: false) }
    }
  }

  struct Program: Sendable {
    /// Names, or beginnings of names with `*`.
    let names: [String]
    var options: [Option] = []
    /// Options without a value, which may stand before another in one argument: `-su user:password`.
    var flags = ""
    /// The form of arguments other than options, and how many come before the first secret one.
    var operand: Form?
    var skips = 0
    /// Whether it runs a command line that it gets as one argument.
    var isShell = false
    /// Whether an argument with blanks is a line of its own commands: `db2 "connect to d user u using x"`.
    var readsCommands = false
    var modes: [Mode] = []
  }

  static let programs: [Program] = [
    Program(
      names: [
        "sh", "bash", "dash", "zsh", "ksh", "ash", "fish", "busybox", "su", "runuser", "flock", "ssh", "watch", "tmux",
        "screen", "xargs", "parallel", "script", "cmd", "powershell", "pwsh",
      ], isShell: true),
    // -p alone asks for the password; the next argument is a database.
    Program(
      names: ["mysql*", "mariadb*", "mycli", "mytop", "mydumper", "myloader"],
      options: Option.attached("-p") + Option.separate("password")),
    Program(names: ["sshpass"], options: Option.either("-p")),
    Program(
      names: ["curl"],
      options: Option.either("-u", "-U", "--user", "--proxy-user", "-E", "--cert", form: .after(":"))
        + Option.either("-b", "--cookie", form: .cookie) + Option.either("-H", form: .header),
      flags: "#0123456fgGiIjJkLnNOpqRsSvVZ"),
    Program(names: ["http", "https", "xh", "xhs"], options: Option.either("-a", "--auth", form: .after(":"))),
    Program(
      names: ["redis-cli", "valkey-cli", "keydb-cli"],
      options: Option.separate("-a", "requirepass", "masterauth"), readsCommands: true,
      modes: ["AUTH", "auth"].map { Mode($0, operand: .whole) }
        + ["SETUSER", "setuser"].map { Mode($0, operand: .after(">")) }),
    Program(
      names: ["mongo", "mongosh", "mongodump", "mongorestore", "mongoexport", "mongoimport", "mongostat", "mongotop"],
      options: Option.either("-p")),
    Program(names: ["cqlsh", "rabbitmqadmin", "racadm", "beeline", "ncftp*"], options: Option.either("-p")),
    Program(
      names: ["rabbitmqctl"],
      modes: ["add_user", "change_password", "authenticate_user"].map { Mode($0, operand: .whole, skips: 1) }),
    Program(names: ["influx"], options: Option.separate("-t", "-p")),
    Program(names: ["mosquitto_*"], options: Option.either("-P")),
    Program(names: ["htpasswd"], operand: .whole, skips: 1),
    Program(names: ["7z", "7za", "7zr", "7zz", "rar", "unrar"], options: Option.attached("-p", "-hp")),
    Program(names: ["zip", "unzip"], options: Option.either("-P"), flags: "rqjmuyTvXonl0123456789"),
    Program(names: ["veracrypt", "truecrypt", "steghide", "rexec"], options: Option.either("-p")),
    Program(names: ["ccrypt"], options: Option.either("-K")),
    Program(names: ["qpdf"], modes: [Mode("--encrypt", operand: .whole, count: 2)]),
    Program(names: ["pdftk"], options: Option.separate("user_pw", "owner_pw", "input_pw")),
    Program(names: ["ldap*", "slapd", "kadmin"], options: Option.either("-w")),
    Program(names: ["ldappasswd", "slappasswd"], options: Option.either("-w", "-s", "-a")),
    Program(
      names: ["smbclient", "smbget", "rpcclient", "winexe", "wmic", "smbcacls"],
      options: Option.either("-U", "--user", form: .after("%"))
        + Option.harmless("-W", "-m", "-I", "-p", "-c", "-D", "-A", "-n", "-O", "-T", "-b", "-t", "-s"),
      operand: .random(isPassword: true), skips: 1),
    Program(
      names: ["net"], options: Option.either("-U", "--user", form: .after("%")),
      modes: [Mode("use", operand: .word), Mode("user", operand: .word, skips: 1)]),
    Program(names: ["schtasks"], options: Option.separate("/rp", "/RP")),
    Program(names: ["reg"], options: Option.separate("/d", form: .random(isPassword: false))),
    Program(names: ["winrs"], options: Option.attached("-p:", "/p:")),
    Program(names: ["rasdial"], operand: .whole, skips: 2),
    Program(names: ["psexec*", "PsExec*", "paexec*", "certutil"], options: Option.separate("-p")),
    Program(
      names: ["ipmitool"], options: Option.either("-P"),
      modes: [Mode("password", operand: .whole, skips: 1, count: 1)]),
    Program(names: ["ipmipower", "ipmi-*", "bmc-*"], options: Option.either("-p")),
    Program(
      names: ["snmpget", "snmpgetnext", "snmpbulkget", "snmpwalk", "snmpbulkwalk", "snmpset", "snmptable", "snmptrap"],
      options: Option.either("-c", "-A", "-X")),
    Program(
      names: ["openssl"],
      options: Option.either("-passin", "-passout", "-pass", form: .source)
        + Option.separate("-k", "-K", "-hmac") + Option.separate("-macopt", form: .after(":"))
        + Option.flags("-salt", "-nosalt"),
      modes: [Mode("passwd", operand: .whole)]),
    Program(names: ["ssh-keygen"], options: Option.either("-N", "-P")),
    Program(names: ["mkpasswd"], options: Option.harmless("-m", "--method", "-R", "--rounds"), operand: .whole),
    Program(names: ["wpa_passphrase"], operand: .whole, skips: 1),
    Program(names: ["dscl"], modes: [Mode("-passwd", operand: .whole, skips: 1)]),
    Program(
      names: ["security"],
      modes: ["add-generic-password", "add-internet-password"].map { Mode($0, Option.either("-w")) }
        + ["unlock-keychain", "create-keychain"].map { Mode($0, Option.either("-p")) }),
    Program(names: ["xfreerdp*", "wlfreerdp*", "sdl-freerdp*"], options: Option.attached("/p:", "/gp:")),
    Program(names: ["rdesktop"], options: Option.either("-p")),
    Program(
      names: ["evil-winrm", "crackmapexec", "nxc", "netexec", "hydra", "medusa", "smbmap", "enum4linux"],
      options: Option.either("-p")),
    Program(names: ["sqlcmd", "bcp", "tsql"], options: Option.either("-P")),
    Program(names: ["isql"], operand: .whole, skips: 2),
    Program(names: ["db2"], options: Option.separate("using"), readsCommands: true),
    Program(names: ["sqlplus", "sqlldr", "expdp", "impdp", "exp", "imp", "rman"], operand: .database),
    Program(names: ["p4"], options: Option.either("-P")),
    Program(names: ["swaks", "sipp"], options: Option.separate("-ap")),
    Program(names: ["sendemail", "sendEmail"], options: Option.separate("-xp")),
    Program(names: ["zkCli*"], modes: [Mode("addauth", operand: .after(":"), skips: 1)]),
    Program(names: ["lftp"], options: Option.either("-u", "--user", form: .after(","))),
    Program(names: ["etcdctl"], options: Option.either("--user", form: .after(":"))),
    Program(names: ["ttyd", "gotty"], options: Option.either("-c", "--credential", form: .after(":"))),
    Program(names: ["useradd", "usermod"], options: Option.separate("-p")),
    Program(names: ["twine"], options: Option.either("-p")),
    Program(names: ["poetry"], modes: [Mode("publish", Option.either("-p"))]),
    Program(names: ["cargo"], modes: [Mode("login", operand: .whole)]),
    Program(names: ["snyk"], modes: [Mode("auth", operand: .whole)]),
    Program(
      names: ["dotnet"],
      modes: [
        Mode("push", Option.either("-k")), Mode("source", Option.either("-p")),
        Mode("user-secrets", operand: .whole, skips: 2),
      ]),
    Program(names: ["codecov", "doctl"], options: Option.either("-t")),
    Program(names: ["openai", "netbird"], options: Option.either("-k")),
    Program(names: ["consul", "nomad", "serf"], options: Option.either("-encrypt")),
    Program(names: ["odoo*"], options: Option.either("-w")),
    Program(names: ["airflow"], modes: [Mode("users", Option.either("-p"))]),
    Program(
      names: ["kubectl", "oc"], options: Option.either("--from-literal", form: .after("=")),
      modes: [Mode("login", Option.either("-p"))]),
    Program(
      names: ["docker", "podman", "nerdctl", "buildah", "skopeo", "helm", "oras", "cf"],
      modes: [Mode("login", Option.either("-p"))]),
    Program(
      names: ["az"],
      modes: [Mode("login", Option.either("-p")), Mode("secret", Option.either("--value"))]),
    Program(names: ["gh"], modes: [Mode("secret", Option.either("-b", "--body"))]),
    Program(names: ["fly", "flyctl", "doppler"], modes: [Mode("secrets", operand: .after("="))]),
    Program(names: ["heroku"], modes: [Mode("config:set", operand: .after("="))]),
    Program(
      names: ["vault", "bao"],
      modes: [Mode("login", operand: .whole), Mode("unseal", operand: .whole)]
        + ["lookup", "renew", "revoke"].map { Mode($0, operand: .random(isPassword: false)) }
        + ["put", "patch", "write"].map { Mode($0, operand: .after("="), skips: 1) }),
    Program(names: ["gcloud"], modes: [Mode("activate-refresh-token", operand: .whole, skips: 1)]),
    Program(
      names: ["ansible-vault"],
      options: Option.harmless("--name", "-n", "--vault-id", "--vault-password-file", "--encrypt-vault-id"),
      modes: [Mode("encrypt_string", operand: .whole)]),
    Program(names: ["wandb"], modes: [Mode("login", operand: .whole)]),
    Program(names: ["ngrok"], options: Option.separate("authtoken", "add-authtoken")),
    Program(
      names: ["aws"], options: Option.separate("aws_secret_access_key", "aws_session_token", "aws_access_key_id"),
      modes: [Mode("put-parameter", Option.either("--value"))]),
    Program(names: ["npm", "pnpm", "yarn"], modes: [Mode("set", operand: .whole, skips: 1)]),
    Program(names: ["pulumi"], modes: ["set", "--secret"].map { Mode($0, operand: .whole, skips: 1) }),
    Program(names: ["mc", "mcli"], modes: [Mode("set", operand: .whole, skips: 2)]),
    Program(
      names: ["bw"], modes: [Mode("login", operand: .whole, skips: 1), Mode("unlock", operand: .whole)]),
    Program(names: ["rclone"], modes: [Mode("obscure", operand: .whole)]),
    Program(names: ["grafana-cli", "grafana"], options: Option.separate("reset-admin-password")),
    Program(names: ["drush"], modes: [Mode("upwd", operand: .whole, skips: 1)]),
    Program(names: ["nmcli"], options: Option.separate("password", "wifi-sec.psk", "802-11-wireless-security.psk")),
  ]

  // MARK: Programs that read a secret from their input

  /// Options by which a program does: `echo x | sudo -S`, `… | docker login --password-stdin`.
  static let inputOptions: Set<String> = [
    "-S", "-kS", "-Sk", "--with-token", "--passphrase-fd", "load-key",
  ]
  /// Programs that always do.
  static let inputPrograms: Set<String> = ["chpasswd", "passwd", "cryptsetup", "kinit", "smbpasswd", "su"]
  /// Words of a command that may read a secret: `… | docker secret create`, `… | gh secret set`.
  static let inputWords: Set<String> = ["secret", "secrets"]
}
