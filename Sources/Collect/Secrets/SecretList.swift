/// The secrets that are masked in command lines: names and tokens in this file, programs in SecretPrograms.swift.
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
    "writekey", "ingestkey", "jfrogart", "mnemonic", "basicauth",
    "httpauth", "proxyauth", "redisauth",
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
  /// Words beside `pin` and `puk` in the names of such codes.
  static let codeWords: Set<String> = [
    "pkcs11", "so", "user", "card", "smartcard", "sim", "hsm", "piv", "yubikey", "wps",
  ]
  /// Words beside `token` in names whose value is a word for a model, or a token if it looks random.
  static let weakTokens: Set<String> = ["trigger", "placeholder", "initializer"]
  /// Groups of users, which no password is called.
  static let groups: Set<String> = [
    "root", "users", "nogroup", "nobody", "daemon", "staff", "wheel", "docker", "www-data", "nginx", "node", "app",
  ]
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
    "mode", "encryption", "arn", "region", "namespace", "issuer", "audience", "rotation", "strength", "check", "hint",
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
  /// Names of functions whose second argument is a secret end so.
  static let callEndings = ["auth", "login", "credential", "credentials"]
  /// Options beside which a user's name stands, and options of its password, where a program is unknown.
  static let userOptions = ["-u", "-U", "-user", "-username", "--user", "--username", "--login"]
  static let optionsBesideUser = ["-p", "-P", "-w"]
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

  // MARK: Programs that read a secret from their input

  /// Options by which a program does: `echo x | sudo -S`, `… | docker login --password-stdin`.
  static let inputOptions: Set<String> = [
    "-S", "-kS", "-Sk", "--with-token", "--passphrase-fd", "load-key",
  ]
  /// Programs that always do.
  static let inputPrograms: Set<String> = ["chpasswd", "passwd", "cryptsetup", "kinit", "smbpasswd", "su", "mkpasswd"]
  /// Words of a command that may read a secret: `… | docker secret create`, `… | gh secret set`.
  static let inputWords: Set<String> = [
    "secret", "secrets", "login", "sshpass", "htpasswd", "ftp", "pw", "padd", "pupdate",
  ]
}
