internal import SystemIO

// MARK: Programs with options of their own

extension SecretList {
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
    /// The value of one pair of a list: `h=host,p=password`.
    case member(String)
    /// The whole, if it looks like a password rather than a number, a word or a pair: `-u user -p password`.
    case besideUser
    /// After a `%` in the user of a list: `user=u%password,vers=3.0`.
    case userMember
    /// The replacement of a placeholder: `s/@DB_PASSWORD@/x/`.
    case substitution
    /// A user and a group rather than a password, if the group is called as the user or as a usual group.
    case owner
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
    /// Whether arguments name the ones behind them by their last part: `etcdctl put /app/password x`.
    var hasKeys = false
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
      names: [
        "mysql*", "mariadb*", "mariabackup", "xtrabackup", "innobackupex", "mycli", "mytop", "mydumper", "myloader",
      ],
      options: Option.attached("-p") + Option.separate("password")),
    Program(names: ["sshpass"], options: Option.either("-p")),
    Program(
      names: ["curl"],
      options: Option.either("-u", "-U", "--user", "--proxy-user", "-E", "--cert", form: .after(":"))
        + Option.either("-b", "--cookie", form: .cookie) + Option.either("-H", form: .header),
      flags: "#0123456fgGiIjJkLnNOpqRsSvVZ"),
    Program(
      names: ["http", "https", "xh", "xhs"], options: Option.either("-a", "--auth", form: .after(":")),
      modes: [Mode("bearer", Option.either("-a", "--auth"))]),
    Program(
      names: ["redis-cli", "valkey-cli", "keydb-cli", "redis-benchmark", "valkey-benchmark", "memtier_benchmark"],
      options: Option.either("-a") + Option.separate("requirepass", "masterauth"), readsCommands: true,
      modes: ["AUTH", "auth"].map { Mode($0, operand: .whole) }
        + ["SETUSER", "setuser"].map { Mode($0, operand: .after(">")) }),
    Program(
      names: ["redis-sentinel", "redis-server", "valkey-sentinel", "valkey-server"], readsCommands: true,
      modes: [Mode("auth-pass", operand: .whole, skips: 1, count: 1)]),
    Program(
      names: ["mongo", "mongosh", "mongodump", "mongorestore", "mongoexport", "mongoimport", "mongostat", "mongotop"],
      options: Option.either("-p")),
    Program(names: ["cqlsh", "rabbitmqadmin", "racadm", "beeline", "ncftp*"], options: Option.either("-p")),
    Program(
      names: ["rabbitmqctl"],
      modes: ["add_user", "change_password", "authenticate_user"].map { Mode($0, operand: .whole, skips: 1) }),
    Program(names: ["influx"], options: Option.separate("-t", "-p")),
    Program(names: ["mosquitto_passwd"], operand: .whole, skips: 2),
    Program(
      names: ["emqx", "emqx_ctl"],
      modes: ["users", "admins"].map { Mode($0, operand: .whole, skips: 2, count: 1) }),
    Program(names: ["mosquitto_*"], options: Option.either("-P")),
    Program(names: ["htpasswd"], operand: .whole, skips: 1),
    Program(names: ["7z", "7za", "7zr", "7zz", "rar", "unrar"], options: Option.attached("-p", "-hp")),
    Program(names: ["zip", "unzip"], options: Option.either("-P"), flags: "rqjmuyTvXonl0123456789"),
    Program(
      names: ["veracrypt", "truecrypt", "steghide", "rexec", "mutool", "fs_cli", "altool"], options: Option.either("-p")
    ),
    Program(
      names: ["hdparm"],
      options: Option.separate(
        "--security-set-pass", "--security-unlock", "--security-erase", "--security-erase-enhanced",
        "--security-disable")),
    Program(
      names: ["sedutil-cli"],
      modes: [
        "--initialSetup", "--setSIDPassword", "--revertTPer", "--revertNoErase", "--PSIDrevert", "--loadPBAImage",
        "--yesIreallywanttoERASEALLmydatausingthePSID",
      ].map { Mode($0, operand: .whole, count: $0 == "--setSIDPassword" ? 2 : 1) }
        + [
          ("--setLockingRange", 2), ("--enableLockingRange", 1), ("--disableLockingRange", 1), ("--setMBREnable", 1),
          ("--setMBRDone", 1), ("--readonlyLockingRange", 1),
        ].map { Mode($0.0, operand: .whole, skips: $0.1, count: 1) }
        + [Mode("--setPassword", operand: .random(isPassword: true))]),
    Program(names: ["iwconfig"], options: Option.separate("key", "enc")),
    Program(names: ["zerotier-cli"], options: Option.attached("-T")),
    Program(names: ["zrok"], modes: [Mode("enable", operand: .whole)]),
    Program(names: ["swift"], options: Option.separate("-K", form: .random(isPassword: true))),
    Program(
      names: ["b2"],
      modes: [Mode("authorize-account", operand: .whole, skips: 1), Mode("authorize", operand: .whole, skips: 1)]),
    Program(names: ["keyctl"], modes: [Mode("add", operand: .whole, skips: 2, count: 1)]),
    Program(names: ["check_snmp"], options: Option.either("-C")),
    Program(names: ["check_ldap"], options: Option.either("-P")),
    Program(names: ["check_pgsql", "elasticsearch-users"], options: Option.either("-p")),
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
    Program(names: ["signtool"], options: Option.separate("/p")),
    Program(
      names: ["ConvertTo-SecureString"], options: Option.separate("-String", form: .random(isPassword: true)),
      operand: .random(isPassword: true)),
    Program(names: ["nssm"], modes: [Mode("ObjectName", operand: .whole, skips: 1)]),
    Program(names: ["bitsadmin"], modes: [Mode("/setcredentials", operand: .whole, skips: 4)]),
    Program(names: ["autologon", "autologon64", "Autologon"], operand: .whole, skips: 2),
    Program(names: ["ldifde", "csvde"], modes: [Mode("-b", operand: .whole, skips: 2, count: 1)]),
    Program(
      names: ["manage-bde"], options: Option.separate("-rp", "-RecoveryPassword", form: .random(isPassword: true))),
    Program(names: ["vmrun"], options: Option.separate("-gp", "-vp")),
    Program(names: ["winrs"], options: Option.attached("-p:", "/p:")),
    Program(names: ["rasdial"], operand: .whole, skips: 2),
    Program(names: ["psexec*", "PsExec*", "paexec*", "certutil"], options: Option.separate("-p")),
    Program(
      names: ["ipmitool"], options: Option.either("-P"),
      modes: [Mode("password", operand: .whole, skips: 1, count: 1)]),
    Program(
      names: ["samba-tool"],
      modes: ["create", "add"].map { Mode($0, operand: .random(isPassword: true), skips: 1, count: 1) }),
    Program(names: ["radtest"], operand: .whole, skips: 1),
    Program(names: ["radclient"], operand: .whole, skips: 2),
    Program(names: ["prosodyctl", "ejabberdctl"], modes: [Mode("register", operand: .whole, skips: 2)]),
    Program(
      names: ["iscsiadm"],
      modes: ["password", "password_in"].flatMap { name in
        ["node.session", "discovery.sendtargets"].map { Mode("\($0).auth.\(name)", Option.separate("-v", "--value")) }
      }),
    Program(names: ["virsh"], modes: [Mode("secret-set-value", operand: .whole, skips: 1)]),
    Program(names: ["qemu-*", "kvm"], options: Option.separate("-object", "--object", form: .member("data"))),
    Program(names: ["steamcmd*"], modes: [Mode("+login", operand: .whole, skips: 1, count: 1)]),
    Program(names: ["doveadm"], modes: [Mode("pw", Option.either("-p")), Mode("auth", operand: .whole, skips: 2)]),
    Program(names: ["transmission-remote"], options: Option.either("-n", "--auth", form: .after(":"))),
    Program(names: ["ab"], options: Option.either("-A", "-P", form: .after(":"))),
    Program(names: ["hey", "oha", "check_http", "check_curl"], options: Option.either("-a", form: .after(":"))),
    Program(names: ["yt-dlp", "youtube-dl", "gallery-dl"], options: Option.either("-p", "--twofactor")),
    Program(names: ["gitlab-runner"], options: Option.separate("-r")),
    Program(
      names: ["glab"],
      modes: [Mode("login", Option.either("-t")), Mode("variable", operand: .whole, skips: 2, count: 1)]),
    Program(names: ["prefect"], modes: [Mode("login", Option.either("-k"))]),
    Program(names: ["dokku", "eb"], modes: ["config:set", "setenv"].map { Mode($0, operand: .after("=")) }),
    Program(names: ["act"], options: Option.either("-s", "--secret", form: .after("="))),
    Program(names: ["credhub"], modes: [Mode("set", Option.either("-w", "-p", "-v"))]),
    Program(names: ["vastai"], modes: [Mode("api-key", operand: .whole)]),
    Program(names: ["tpm2_*"], options: Option.either("-p", "-P", form: .random(isPassword: true))),
    Program(names: ["ykman"], options: Option.either("-P", "-n", "-p", "-m", form: .random(isPassword: true))),
    Program(names: ["gpg-preset-passphrase"], options: Option.separate("-P")),
    Program(names: ["ss-*", "ssserver", "sslocal", "ssmanager"], options: Option.separate("-k")),
    Program(names: ["ipmipower", "ipmi-*", "bmc-*"], options: Option.either("-p")),
    Program(
      names: ["snmpget", "snmpgetnext", "snmpbulkget", "snmpwalk", "snmpbulkwalk", "snmpset", "snmptable", "snmptrap"],
      options: Option.either("-c", "-A", "-X")),
    Program(
      names: ["openssl"],
      options: Option.either("-passin", "-passout", "-pass", form: .source)
        + Option.separate("-k", "-K", "-hmac") + Option.separate("-macopt", "-kdfopt", form: .after(":"))
        + Option.flags("-salt", "-nosalt"),
      modes: [Mode("passwd", operand: .whole)]
        + ["enc", "aes-256-cbc", "aes-128-cbc", "des3"].map {
          Mode($0, Option.harmless("-kfile") + Option.attached("-k"))
        }),
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
    Program(names: ["isql-fb", "gbak", "gfix", "gsec"], options: Option.either("-pas", "-pass")),
    Program(
      names: ["pt-*", "mk-*"],
      options: Option.either("--review", "--history", "--source", "--dest", "--dsn", "--replica", form: .member("p")),
      operand: .member("p")),
    Program(names: ["vsql", "irssi"], options: Option.either("-w")),
    Program(names: ["hdbsql", "cypher-shell", "couchbase-cli", "cbq", "cbbackupmgr"], options: Option.either("-p")),
    Program(names: ["neo4j-admin"], modes: [Mode("set-initial-password", operand: .whole, count: 1)]),
    Program(names: ["bteq", "fexp", "mload"], operand: .after(",")),
    Program(names: ["osql", "fisql"], options: Option.either("-P")),
    Program(names: ["sqlpackage", "SqlPackage"], options: Option.attached("/tp:", "/sp:")),
    Program(names: ["sqlplus", "sqlldr", "expdp", "impdp", "exp", "imp", "rman"], operand: .database),
    Program(names: ["p4"], options: Option.either("-P")),
    Program(names: ["swaks", "sipp"], options: Option.separate("-ap")),
    Program(names: ["sendemail", "sendEmail"], options: Option.separate("-xp")),
    Program(names: ["zkCli*"], modes: [Mode("addauth", operand: .after(":"), skips: 1)]),
    Program(names: ["lftp"], options: Option.either("-u", "--user", form: .after(",")), readsCommands: true),
    Program(
      names: ["etcdctl"], options: Option.either("--user", form: .after(":")), hasKeys: true,
      modes: [Mode("user", operand: .after(":"), count: 2)]),
    Program(names: ["chpasswd"], operand: .after(":")),
    Program(names: ["ipa-client-install", "ipa-replica-install", "ipa-join"], options: Option.either("-w")),
    Program(names: ["ipa-server-install", "ipa-adtrust-install"], options: Option.either("-a", "-p", "-P")),
    Program(names: ["subscription-manager"], options: Option.either("--activationkey")),
    Program(names: ["rhc"], options: Option.either("-a", "-p")),
    Program(names: ["uv"], modes: [Mode("publish", Option.either("-t", "-p"))]),
    Program(names: ["k3s", "rke2", "vercel", "k0s"], options: Option.either("-t")),
    Program(names: ["vagrant"], modes: [Mode("login", Option.either("-t"))]),
    Program(
      names: ["nuget"],
      modes: [
        Mode("push", operand: .random(isPassword: false), skips: 1), Mode("setapikey", operand: .whole, count: 1),
      ]),
    Program(names: ["iw"], options: Option.separate("key", "keys", form: .after(":"))),
    Program(names: ["mpg123", "ogg123"], options: Option.either("-u", "--auth", form: .after(":"))),
    Program(names: ["sops"], options: Option.either("--set", form: .after(" "))),
    Program(names: ["VeracodeJavaAPI*", "vosp-api-wrappers*"], options: Option.separate("-vkey")),
    Program(
      names: ["sed", "gsed"], options: Option.either("-e", "--expression", form: .substitution), flags: "nEruzsi",
      operand: .substitution),
    Program(names: ["ttyd", "gotty"], options: Option.either("-c", "--credential", form: .after(":"))),
    Program(names: ["useradd", "usermod"], options: Option.separate("-p")),
    Program(names: ["twine"], options: Option.either("-p")),
    Program(
      names: ["poetry"],
      modes: [
        Mode("publish", Option.either("-p")), Mode("config", operand: .random(isPassword: true), skips: 1),
      ]),
    Program(names: ["composer"], modes: [Mode("config", operand: .random(isPassword: true), skips: 1)]),
    Program(names: ["bundle"], modes: [Mode("config", operand: .group, skips: 1)]),
    Program(names: ["conan"], modes: ["user", "login"].map { Mode($0, Option.either("-p")) }),
    Program(names: ["ctr"], options: Option.either("-u", form: .group)),
    Program(names: ["dconf"], hasKeys: true),
    Program(names: ["sipsak"], options: Option.either("-a")),
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
    Program(names: ["consul", "nomad", "serf"], options: Option.either("-encrypt"), hasKeys: true),
    Program(names: ["odoo*"], options: Option.either("-w")),
    Program(names: ["airflow"], modes: [Mode("users", Option.either("-p"))]),
    Program(
      names: ["kubectl", "oc"], options: Option.either("--from-literal", form: .after("=")),
      modes: [Mode("login", Option.either("-p"))]),
    Program(
      names: ["docker", "podman", "nerdctl", "buildah", "skopeo", "helm", "oras", "crane", "ibmcloud"],
      options: Option.either("--user", form: .owner), modes: [Mode("login", Option.either("-p"))]),
    Program(
      names: ["cf"],
      modes: [
        Mode("login", Option.either("-p")), Mode("auth", operand: .whole, skips: 1),
        Mode("set-env", operand: .random(isPassword: false), skips: 2),
      ]),
    Program(
      names: ["az"],
      modes: [Mode("login", Option.either("-p")), Mode("secret", Option.either("--value"))]),
    Program(names: ["gh"], modes: [Mode("secret", Option.either("-b", "--body"))]),
    Program(
      names: ["fly", "flyctl", "doppler"], options: Option.either("-t"),
      modes: [Mode("secrets", operand: .after("="))]),
    Program(names: ["heroku"], modes: [Mode("config:set", operand: .after("="))]),
    Program(
      names: ["vault", "bao"],
      modes: ["login", "unseal", "unwrap"].map { Mode($0, operand: .whole) } + [Mode("create", Option.either("-id"))]
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
      names: ["aws"],
      // The key of an object.
      options: Option.separate("aws_secret_access_key", "aws_session_token", "aws_access_key_id")
        + Option.harmless("--key"),
      modes: [Mode("put-parameter", Option.either("--value"))]),
    Program(names: ["npm", "pnpm", "yarn"], modes: [Mode("set", operand: .whole, skips: 1)]),
    Program(names: ["pulumi"], modes: ["set", "--secret"].map { Mode($0, operand: .whole, skips: 1) }),
    Program(
      names: ["mc", "mcli"],
      modes: [Mode("set", operand: .whole, skips: 2)]
        + ["host", "hosts", "user"].map { Mode($0, operand: .whole, skips: 3) }),
    Program(names: ["kopia"], options: Option.either("-p")),
    Program(
      names: ["kaggle"], modes: [Mode("set", Option.either("-v", "--value", form: .random(isPassword: false)))]),
    Program(
      names: ["salt", "salt-call", "salt-ssh", "salt-run"],
      modes: ["shadow.set_password", "user.setpassword", "rabbitmq.add_user", "rabbitmq.change_password"].map {
        Mode($0, operand: .whole, skips: 1, count: 1)
      } + [Mode("shadow.gen_password", operand: .whole, count: 1)]),
    // Jenkins: the secret and the name of the node are operands.
    Program(
      names: ["agent.jar", "slave.jar", "remoting.jar"],
      options: Option.harmless("-url", "-workDir", "-internalDir", "-tunnel", "-name", "-direct"),
      operand: .random(isPassword: false)),
    Program(
      names: ["mount", "mount.cifs", "mount.smb3", "smbmount", "mount_smbfs"],
      options: Option.either("-o", "--options", form: .userMember)),
    // Options that name a file or a method.
    Program(
      names: ["openvpn*"], options: Option.harmless("--auth-user-pass", "--http-proxy-user-pass", "--askpass", "--auth")
    ),
    Program(names: ["x11vnc"], options: Option.harmless("-auth")),
    Program(
      names: ["vncviewer", "xtightvncviewer", "xvnc4viewer", "xtigervncviewer"], options: Option.harmless("-passwd")),
    Program(names: ["etcd"], options: Option.harmless("--auth-token")),
    Program(
      names: ["bw"], modes: [Mode("login", operand: .whole, skips: 1), Mode("unlock", operand: .whole)]),
    Program(names: ["rclone"], modes: [Mode("obscure", operand: .whole)]),
    Program(names: ["grafana-cli", "grafana"], options: Option.separate("reset-admin-password")),
    Program(names: ["drush"], modes: ["upwd", "user:password"].map { Mode($0, operand: .whole, skips: 1) }),
    Program(names: ["nmcli"], options: Option.separate("password", "wifi-sec.psk", "802-11-wireless-security.psk")),
  ]
}

/// The programs of ``SecretList`` by name.
struct SecretPrograms: Sendable {
  static let shared = SecretPrograms()

  private var byName: [String: SecretList.Program] = [:]
  private var byBeginning: [(beginning: String, program: SecretList.Program)] = []

  private init() {
    for program in SecretList.programs {
      for name in program.names {
        if name.hasSuffix("*") {
          byBeginning.append((String(name.dropLast()), program))
        } else {
          byName[name] = program
        }
      }
    }
  }

  /// The program that an argument names, with or without a path.
  func program(of argument: ArraySlice<UInt8>) -> SecretList.Program? {
    var name = argument[
      ((argument.lastIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") } ?? argument.startIndex - 1) + 1)...]
    // A login shell's.
    if name.first == UInt8(ascii: "-") { name = name.dropFirst() }
    guard (2...24).contains(name.count), name.allSatisfy({ !$0.isBlankOrNewline }) else { return nil }
    if name.suffix(4).elementsEqual(".exe".utf8) { name = name.dropLast(4) }
    let text = String(decoding: name, as: UTF8.self)
    return byName[text] ?? byBeginning.first { text.hasPrefix($0.beginning) }?.program
  }
}
