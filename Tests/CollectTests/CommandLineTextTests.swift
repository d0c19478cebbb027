import SystemIO
import TestSupport
import Testing

@testable import Collect

/// Secrets in command lines; `¦` stands for the NUL between two arguments.
@Suite struct CommandLineTextTests {
  private static func text(_ line: String, _ detail: CommandLineDetail = .masked) -> String? {
    let bytes = Array(line.utf8.map { $0 }).split(separator: Array("¦".utf8)).map(Array.init)
    return CommandLineText.text(Array(bytes.joined(separator: [0])).span, detail)
  }

  /// Command lines, each with the result; every secret contains `S3cr`, and no other word does.
  static let secrets: [(line: String, masked: String)] = [
    // Options of any program.
    ("app¦--password=S3cr3t!¦--port¦80", "app --password=******** --port 80"),
    ("app¦--password=S3cr with blanks", "app --password=********"),
    ("app¦--token¦S3cr¦run", "app --token ******** run"),
    ("app¦--token¦-S3cr-begins-with-a-hyphen", "app --token ********"),
    ("app¦--api-key=S3cr", "app --api-key=********"),
    ("app¦--apiKey¦S3cr", "app --apiKey ********"),
    (
      "vllm¦serve¦m¦--api-key¦S3cr¦--max-num-batched-tokens¦8192",
      "vllm serve m --api-key ******** --max-num-batched-tokens 8192"
    ),
    ("app¦-password¦S3cr", "app -password ********"),
    ("app¦--db.passwd=S3cr", "app --db.passwd=********"),
    ("app¦--client-secret¦S3cr", "app --client-secret ********"),
    ("app¦--auth¦user:S3cr", "app --auth ********"),
    ("plink¦-pw¦S3cr¦host", "plink -pw ******** host"),
    ("keytool¦-storepass¦S3cr¦-keypass¦S3cr2", "keytool -storepass ******** -keypass ********"),
    ("gpg¦--passphrase¦S3cr", "gpg --passphrase ********"),
    ("tailscale¦up¦--authkey¦S3cr", "tailscale up --authkey ********"),
    (
      "java¦-Djavax.net.ssl.keyStorePassword=S3cr¦-jar¦a.jar",
      "java -Djavax.net.ssl.keyStorePassword=******** -jar a.jar"
    ),
    ("jupyter¦lab¦--NotebookApp.token=S3cr", "jupyter lab --NotebookApp.token=********"),
    // Variables and pairs.
    ("env¦AWS_SECRET_ACCESS_KEY=S3cr/x+y¦aws¦s3¦ls", "env AWS_SECRET_ACCESS_KEY=******** aws s3 ls"),
    ("env¦PGPASSWORD=S3cr t¦psql", "env PGPASSWORD=******** psql"),
    ("docker¦run¦-e¦MYSQL_ROOT_PASSWORD=S3cr¦mysql", "docker run -e MYSQL_ROOT_PASSWORD=******** mysql"),
    ("docker¦run¦-eHF_TOKEN=S3cr¦image", "docker run -eHF_TOKEN=******** image"),
    ("MYSQL_PWD=S3cr¦mysql", "MYSQL_PWD=******** mysql"),
    ("helm¦install¦--set=auth.password=S3cr¦x", "helm install --set=auth.password=******** x"),
    ("mount¦-o¦username=u,password=S3cr,vers=3.0¦//h/s", "mount -o username=u,password=********,vers=3.0 //h/s"),
    ("app¦host=h password=S3cr dbname=d", "app host=h password=******** dbname=d"),
    ("app¦Server=s;Password=S3cr t,u;Database=d", "app Server=s;Password=********;Database=d"),
    (
      "app¦DefaultEndpointsProtocol=https;AccountName=a;AccountKey=S3cr==;X=y",
      "app DefaultEndpointsProtocol=https;AccountName=a;AccountKey=********;X=y"
    ),
    ("aws¦configure¦set¦aws_secret_access_key¦S3cr", "aws configure set aws_secret_access_key ********"),
    (
      "kubectl¦create¦secret¦generic¦s¦--from-literal=a=S3cr",
      "kubectl create secret generic s --from-literal=a=********"
    ),
    (
      "npm¦config¦set¦//registry.npmjs.org/:_authToken=S3cr", "npm config set //registry.npmjs.org/:_authToken=********"
    ),
    ("curl¦-d¦data[password]=S3cr&x=1¦h", "curl -d data[password]=********&x=1 h"),
    ("python3¦-c¦import x; x.login(password='S3cr t', n=1)", "python3 -c import x; x.login(password=******** n=1)"),
    ("app¦[client]\npassword = S3cr\nport = 1", "app [client]\npassword = ********\nport = 1"),
    ("app¦TOKEN2=S3cr", "app TOKEN2=********"),
    ("app¦jdbc:mysql://h/d?user=u&password=S3cr", "app jdbc:mysql://h/d?user=u&password=********"),
    (
      "app¦" + String(repeating: "a.b.", count: 40) + "password=S3cr",
      "app " + String(repeating: "a.b.", count: 40) + "password=********"
    ),
    // JSON, YAML, SQL.
    (#"curl¦-d¦{"user":"u","password":"S3cr \" t","n":1}¦h"#, #"curl -d {"user":"u","password":"********","n":1} h"#),
    (#"app¦{"api_key": "S3cr", "n": 1}"#, #"app {"api_key": "********", "n": 1}"#),
    ("app¦user: u\npassword: S3cr t\nport: 1", "app user: u\npassword: ********\nport: 1"),
    ("mysql¦-e¦CREATE USER u IDENTIFIED BY 'S3cr t'", "mysql -e CREATE USER u IDENTIFIED BY '********'"),
    ("psql¦-c¦ALTER ROLE r PASSWORD 'S3cr'", "psql -c ALTER ROLE r PASSWORD '********'"),
    // Programs with options of their own.
    ("mysql¦-uroot¦-pS3cret!¦db", "mysql -uroot -p******** db"),
    ("/usr/bin/mysqldump¦-pS3cr¦--all-databases", "/usr/bin/mysqldump -p******** --all-databases"),
    ("mariadb¦-u¦root¦-pS3cr", "mariadb -u root -p********"),
    ("sshpass¦-p¦S3cr¦ssh¦-p¦2222¦host", "sshpass -p ******** ssh -p 2222 host"),
    ("sshpass¦-pS3cr¦ssh¦host", "sshpass -p******** ssh host"),
    ("docker¦exec¦-it¦db¦mysql¦-pS3cr", "docker exec -it db mysql -p********"),
    ("curl¦-u¦alice:S3cr¦https://h/", "curl -u alice:******** https://h/"),
    ("curl¦-ualice:S3cr¦https://h/", "curl -ualice:******** https://h/"),
    ("curl¦-fsSu¦alice:S3cr¦https://h/", "curl -fsSu alice:******** https://h/"),
    ("curl¦--user=alice:S3cr", "curl --user=alice:********"),
    ("curl¦-b¦session=S3cr¦h", "curl -b ******** h"),
    ("redis-cli¦-a¦S3cr¦ping", "redis-cli -a ******** ping"),
    ("docker¦login¦-u¦u¦-p¦S3cr¦registry", "docker login -u u -p ******** registry"),
    ("7z¦x¦-pS3cr¦a.7z", "7z x -p******** a.7z"),
    ("ldapsearch¦-x¦-D¦cn=admin¦-w¦S3cr", "ldapsearch -x -D cn=admin -w ********"),
    ("smbclient¦//h/s¦-U¦user%S3cr", "smbclient //h/s -U user%********"),
    ("openssl¦rsa¦-passin¦pass:S3cr¦-in¦k.pem", "openssl rsa -passin pass:******** -in k.pem"),
    ("xfreerdp¦/u:a¦/p:S3cr¦/v:h", "xfreerdp /u:a /p:******** /v:h"),
    ("sqlplus¦scott/S3cr@db", "sqlplus scott/********@db"),
    ("nmcli¦dev¦wifi¦connect¦ssid¦password¦S3cr", "nmcli dev wifi connect ssid password ********"),
    // URLs.
    ("psql¦postgresql://u:S3cr@h:5432/d", "psql postgresql://u:********@h:5432/d"),
    ("app¦redis://:S3cr@h:6379/0", "app redis://:********@h:6379/0"),
    (
      "app¦mongodb://u:S3cr@h1:27017,h2:27017/?replicaSet=r", "app mongodb://u:********@h1:27017,h2:27017/?replicaSet=r"
    ),
    ("app¦amqp://u:S3cr/t@h", "app amqp://u:********@h"),
    ("git¦clone¦https://S3cr0123456789abcdef@h/r.git", "git clone https://********@h/r.git"),
    ("app¦--dsn¦u:S3cr@tcp(h:3306)/d", "app --dsn ********"),
    ("app¦-source¦u:S3cr@tcp(h:3306)/d", "app -source u:********@tcp(h:3306)/d"),
    ("wget¦https://h/f?a=1&access_token=S3cr&b=2", "wget https://h/f?a=1&access_token=********&b=2"),
    ("wget¦https://h/f?X-Amz-Signature=S3cr", "wget https://h/f?X-Amz-Signature=********"),
    // Headers.
    ("curl¦-H¦Authorization: Bearer S3cr.t¦h", "curl -H Authorization: Bearer ******** h"),
    ("curl¦-H¦Authorization: S3cr t¦h", "curl -H Authorization: ******** h"),
    ("curl¦-HX-Api-Key: S3cr¦h", "curl -HX-Api-Key: ******** h"),
    ("curl¦-H¦X-Api-Key:S3cr¦h", "curl -H X-Api-Key:******** h"),
    ("curl¦--header=X-Api-Key: S3cr¦h", "curl --header=X-Api-Key: ******** h"),
    ("wget¦--header¦Cookie: sid=S3cr¦h", "wget --header Cookie: ******** h"),
    ("http¦h¦X-Auth-Token:S3cr", "http h X-Auth-Token:********"),
    (
      "git¦-c¦http.extraHeader=Authorization: Basic S3cr==¦fetch",
      "git -c http.extraHeader=Authorization: Basic ******** fetch"
    ),
    ("app¦note: bearer S3cr012345", "app note: bearer ********"),
    // Tokens anywhere.
    ("app¦eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJTM2NyIn0.S3crS3cr¦x", "app ******** x"),
    ("aws¦AKIAIOSFODNN7S3CREXA", "aws ********"),
    ("app¦x=ghp_S3cr0123456789abcdefghij", "app x=********"),
    ("app¦sk-S3cr0123456789abcdefghij", "app ********"),
    ("vault¦login¦hvs.S3cr0123456789abcdef", "vault login ********"),
    ("app¦-----BEGIN RSA PRIVATE KEY-----\nS3cr\n", "app -----BEGIN RSA PRIVATE KEY********"),
    // Command lines in an argument, and titles that programs set.
    ("sh¦-c¦mysql -u root -pS3cr db; echo -pok", "sh -c mysql -u root -p******** db; echo -pok"),
    ("bash¦-lc¦PGPASSWORD=S3cr psql -h h && ls -l", "bash -lc PGPASSWORD=******** psql -h h && ls -l"),
    ("bash¦-c¦PGPASSWORD='S3cr t' psql -h h", "bash -c PGPASSWORD=******** psql -h h"),
    (
      #"sh¦-c¦curl -H "Authorization: Bearer S3cr" -u a:S3cr2 h"#,
      #"sh -c curl -H "Authorization: Bearer ********" -u a:******** h"#
    ),
    (#"bash¦-c¦ssh h 'sshpass -p "S3cr t" scp a b'"#, #"bash -c ssh h 'sshpass -p "********" scp a b'"#),
    ("ssh¦host¦mysqldump --password S3cr db", "ssh host mysqldump --password ******** db"),
    ("tmux¦new¦python t.py --hf-token S3cr", "tmux new python t.py --hf-token ********"),
    ("/opt/app/bin --type=x --auth-token=S3cr --y", "/opt/app/bin --type=x --auth-token=******** --y"),
  ]

  @Test("Secrets are masked", arguments: secrets.indices)
  func masked(_ index: Int) throws {
    let (line, expected) = Self.secrets[index]
    let shown = try #require(Self.text(line))
    #expect(shown == expected)
    #expect(!shown.contains("S3cr"))
    // A masked line stays as it is.
    #expect(Self.text(line, .full)?.contains("********") == false)
    #expect(Self.text(line, .none) == nil)
  }

  /// Command lines without a secret.
  static let ordinary = [
    "app¦--tokenizer=bpe¦--max-tokens¦100¦--eos-token¦</s>¦--pad-token=<pad>¦--n-token¦5",
    "app¦--password-file=/x¦--token-file¦/run/t¦--token-ttl=5m¦--secret-name¦s¦--password-stdin",
    "app¦--no-password¦db¦--ask-pass¦host¦--password-prompt",
    "app¦--password¦--user¦u", "app¦--password", "app¦--auth=none¦--token=true",
    "ssh¦-p¦8080¦-i¦key¦u@h", "docker¦run¦-p¦8080:80¦-v¦/secret:/secret:ro¦nginx", "mkdir¦-p¦/a/b",
    "mysql¦-u¦root¦-p¦db", "mysql¦-P¦3306", "ps¦-p¦1", "curl¦-fsSL¦-o¦f¦https://h:8443/a@b?c=d", "curl¦-u¦user¦h",
    "curl¦-b¦cookies.txt¦h", "ffmpeg¦-i¦a¦-pass¦1¦-passlogfile¦x", "ansible-playbook¦--private-key¦~/.ssh/id¦p.yml",
    "env¦GOOGLE_APPLICATION_CREDENTIALS=/etc/c.json¦PWD=/home/u¦app", "Xorg¦-auth¦/run/root/:0",
    "ssh¦-o¦PasswordAuthentication=no¦h", "kube-apiserver¦--authorization-mode=Node,RBAC¦--token-auth-file=/t",
    "git¦clone¦ssh://git@github.com/a/b.git", "git¦push¦git@github.com:a/b",
    "task-runner¦sk-learn-something-with-hyphens",
    "postgres: u d [local] idle", "sshd: u@pts/0", "nginx: master process nginx -g daemon off;", "-bash",
    "/usr/lib/systemd/systemd¦--switched-root¦--system¦--deserialize=31", "dd¦if=/dev/zero¦of=/dev/null¦bs=1M",
    "chrome --type=renderer --password-store=basic --field-trial-handle=3,i,123,262144 --lang=en",
    "python3¦-m¦vllm.entrypoints.openai.api_server¦--tokenizer-mode¦auto¦--max-num-seqs¦256",
    "sh¦-c¦while true; do make -j4 && ls \"a b\" | grep -c 'x y'; done", "htop¦--sort-key¦PERCENT_CPU",
    "kubectl¦get¦secret¦s¦-n¦kube-system", "sqlplus¦/¦as¦sysdba", "cryptsetup¦--key-file¦/k¦open¦/dev/sda1¦x",
    "app¦--config={\"a\": [1, 2], \"tokens\": 5}", "app¦http://[::1]:8080/a", "awk¦{ print $1: $2 }",
    "zip¦-r¦a.zip¦b", "net¦ads¦info", "openssl¦s_client¦-connect¦h:443", "app¦key=value¦monkey=1¦keys: 5",
  ]

  @Test("Ordinary command lines stay as they are", arguments: ordinary)
  func unchanged(_ line: String) {
    #expect(Self.text(line) == line.replacing("¦", with: " "))
  }

  @Test("A truncated command line shows no half of a secret")
  func truncated() throws {
    let long = "app¦" + String(repeating: "x", count: 8_180) + "¦https://u:S3cr0123456789@h/"
    let shown = try #require(Self.text(long))
    #expect(shown.utf8.count <= CommandLineText.limit && !shown.contains("S3cr"))
    // Masks are shorter than secrets, so that text from beyond the limit moves into it.
    let many = "app¦" + String(repeating: "--token=" + String(repeating: "S3cr", count: 30) + "¦", count: 100)
    #expect(try #require(Self.text(many)).contains("S3cr") == false)
    #expect(Self.text("app¦" + String(repeating: "S3cr", count: 5_000)) == "app …")
    #expect(Self.text(String(repeating: "S3cr", count: 5_000)) == "…")
    #expect(CommandLineText.text([UInt8]().span) == nil)
  }

  @Test(
    "A mark shows that arguments are missing, wherever the text is cut",
    arguments: [
      "app¦" + String(repeating: "word¦", count: 3_000) + "last",
      "app¦-cp¦" + String(repeating: "x", count: 6_000) + "¦Main",
      "app¦" + String(repeating: "x", count: 20_000) + "¦last", String(repeating: "a", count: 8_191) + "¦last",
      "app¦" + String(repeating: "円", count: 2_000), String(repeating: "x", count: 4_097),
    ])
  func cutMark(_ line: String) throws {
    let shown = try #require(Self.text(line))
    #expect(shown.hasSuffix(" …") && !shown.contains("last") && !shown.contains("\u{FFFD}"))
    #expect(shown.utf8.count <= CommandLineText.limit)
  }

  @Test("A command line that fits has no mark, nor has a title in front of zeros")
  func fits() {
    let longest = String(repeating: "x", count: CommandLineText.limit)
    #expect(Self.text(longest) == longest)
    #expect(CommandLineText.text((Array("title".utf8) + [UInt8](repeating: 0, count: 20_000)).span) == "title")
  }

  @Test("Any bytes are read, and no secret of a listed command line survives before its first changed byte")
  func mutations() {
    for (line, _) in Self.secrets {
      let bytes = Array(line.utf8)
      surviveTruncationAndMutation(of: bytes, mutations: 200) { _ = CommandLineText.text($0) }
    }
  }
}
