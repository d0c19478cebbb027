import SystemIO
import TestSupport
import Testing

@testable import Collect

/// Secrets of command lines that only the program, the place or the form shows; `¦` stands for the NUL between two
/// arguments, and `…` for the rest of a long token, which would be a finding of secret scanners.
@Suite struct SecretFormTests {
  private static func text(_ line: String) -> String {
    let line = line.replacing("…", with: String(repeating: "a1", count: 20))
    let arguments = Array(line.utf8).split(separator: Array("¦".utf8)).map(Array.init)
    return CommandLineText.text(Array(arguments.joined(separator: [0])).span) ?? ""
  }

  /// Command lines; every secret contains `S3cr7`.
  static let secrets = [
    "mysqladmin¦-u¦root¦password¦S3cr7", "curl¦-H¦Ocp-Apim-Subscription-Key: S3cr7", "curl¦-H¦x-functions-key: S3cr7",
    "curl¦-x¦user:S3cr7@proxy:8080¦https://x", "curl¦--proxy¦user:S3cr7@proxy:8080¦https://x",
    "curl¦--proxy=user:S3cr7@proxy:8080¦https://x", "curl¦https://hooks.slack.com/services/T0/B0/S3cr7…",
    "curl¦https://discord.com/api/webhooks/123456789012345678/S3cr7abcdefabcdefabcdefabcdefabcdef",
    "curl¦https://api.telegram.org/bot123456789:AAS3cr7…/getMe",
    "curl¦https://x.webhook.office.com/webhookb2/S3cr7-aaaa@bbb/IncomingWebhook/cccc",
    "mysql¦-e¦SET PASSWORD FOR a = PASSWORD('S3cr7')", "redis-cli¦-h¦x¦AUTH¦S3cr7", "redis-server¦--masterauth¦S3cr7",
    "mongo¦-u¦a¦-pS3cr7", "cqlsh¦-u¦a¦-p¦S3cr7", "influx¦query¦-t¦S3cr7", "mosquitto_pub¦-u¦a¦-P¦S3cr7",
    "mosquitto_sub¦-h¦h¦-u¦a¦-PS3cr7", "rabbitmqadmin¦-u¦a¦-p¦S3cr7", "rabbitmqctl¦add_user¦a¦S3cr7",
    "rabbitmqctl¦change_password¦a¦S3cr7", "htpasswd¦-b¦file¦a¦S3cr7", "htpasswd¦-bnBC¦10¦a¦S3cr7",
    "openssl¦passwd¦-6¦S3cr7", "openssl¦rsa¦-passin=pass:S3cr7", "racadm¦-r¦h¦-u¦root¦-p¦S3cr7", "app¦glptt-S3cr7…",
    "app¦gloas-S3cr7…", "app¦GOCSPX-S3cr7…", "app¦ABIAS3cr7AAAAAAAAAAA", "app¦ATATT3xFfGF0S3cr7…", "app¦NRAK-S3cr7…",
    "app¦dp.st.dev.S3cr7…", "app¦sntrys_S3cr7…", "app¦lin_api_S3cr7…", "app¦sbp_S3cr7…", "app¦pscale_tkn_S3cr7…",
    "app¦nfp_S3cr7…", "app¦figd_S3cr7…", "app¦PMAK-S3cr7…", "app¦shpss_S3cr7…", "app¦pplx-S3cr7…",
    "app¦123456789:AAS3cr7…", "sh¦-c¦echo S3cr7 | sudo -S ls", "sh¦-c¦echo 'S3cr7' | sudo -S -u x ls",
    #"sh¦-c¦printf '%s\n' S3cr7 | sudo -S ls"#, "sh¦-c¦echo user:S3cr7 | chpasswd",
    #"sh¦-c¦echo "user:S3cr7" | sudo chpasswd"#, "sh¦-c¦echo S3cr7 | passwd --stdin user",
    "sh¦-c¦echo S3cr7 | docker login -u a --password-stdin", "sh¦-c¦sudo -S ls <<< S3cr7",
    "sh¦-c¦sudo -S ls <<<'S3cr7'", "vault¦kv¦put¦secret/a¦value=S3cr7", "vault¦unseal¦S3cr7",
    "vault¦operator¦unseal¦S3cr7", "aws¦ssm¦put-parameter¦--type¦SecureString¦--value¦S3cr7",
    "az¦keyvault¦secret¦set¦--name¦a¦--value¦S3cr7", "gh¦secret¦set¦X¦-b¦S3cr7", "gh¦secret¦set¦X¦--body¦S3cr7",
    "fly¦secrets¦set¦ANY=S3cr7", "bw¦login¦a@b¦S3cr7", "bw¦unlock¦S3cr7", "rclone¦obscure¦S3cr7",
    "qpdf¦--encrypt¦S3cr7¦S3cr7¦256¦--¦a", "pdftk¦a¦user_pw¦S3cr7", "app¦/password:S3cr7", "app¦-password:S3cr7",
    "app¦--password:S3cr7", "jdbc¦jdbc:oracle:thin:u/S3cr7@h:1521/x", #"app¦{\"password\":\"S3cr7\"}"#,
    "ncftpput¦-u¦a¦-p¦S3cr7¦h", "app¦--basic-auth¦u:S3cr7", "app¦--basic-auth=u:S3cr7", "app¦--http-auth¦u:S3cr7",
    "app¦--otp¦S3cr7", "app¦--licence-key¦S3cr7", "app¦--webhook-url¦https://hooks.slack.com/services/T/B/S3cr7",
    "app¦secret:S3cr7", "http¦x¦password:=S3cr7", "npm¦config¦set¦//r/:_authToken¦S3cr7", "twine¦upload¦-u¦a¦-p¦S3cr7",
    "wpa_passphrase¦ssid¦S3cr7", "evil-winrm¦-u¦a¦-p¦S3cr7", "crackmapexec¦smb¦h¦-u¦a¦-p¦S3cr7",
    "nxc¦smb¦h¦-u¦a¦-p¦S3cr7", "secretsdump.py¦D/u:S3cr7@h", #"psexec¦\\h¦-u¦a¦-p¦S3cr7¦cmd"#,
    #"net¦use¦\\h\s¦/user:a¦S3cr7"#, "net¦user¦a¦S3cr7¦/add", "cmdkey¦/add:h¦/user:a¦/pass:S3cr7",
    "schtasks¦/create¦/rp¦S3cr7", #"powershell¦-Command¦ConvertTo-SecureString "S3cr7" -AsPlainText -Force"#,
    "powershell¦-Command¦ConvertTo-SecureString 'S3cr7' -AsPlainText", "certutil¦-p¦S3cr7",
    "pulumi¦config¦set¦--secret¦a¦S3cr7", "mc¦alias¦set¦x¦https://h¦AKS3cr7¦S3cr7", "kadmin¦-w¦S3cr7",
    "isql¦dsn¦user¦S3cr7", "beeline¦-n¦a¦-p¦S3cr7", "grafana-cli¦admin¦reset-admin-password¦S3cr7",
    "drush¦upwd¦a¦S3cr7", "hydra¦-l¦a¦-p¦S3cr7¦ssh://h", #"expect¦-c¦spawn ssh h; expect "password:"; send "S3cr7\r""#,
    "mysql¦-u¦su¦-pS3cr7", "mysql¦-h¦net¦-pS3cr7", "curl¦-o¦zip¦-u¦a:S3cr7", "redis-cli¦-n¦1¦auth¦user¦S3cr7",
    "sh¦-c¦echo a b S3cr7 | tee x | sudo -S ls", #"sh¦-c¦sudo -S ls <<<"S3cr7""#, "sh¦-c¦echo S3cr7|sudo -S ls",
    "sh¦-c¦echo S3cr7|sudo -S ls;ls", "sh¦-c¦echo ok > x; echo S3cr7|chpasswd",
    "curl¦-H¦Authorization:¦Bearer¦S3cr7¦https://x", "curl¦-H¦Authorization:¦S3cr7", "app¦Authorization:¦Bearer¦S3cr7",
    "app¦Authorization:¦S3cr7", "app¦Authorization¦Bearer¦S3cr7", "app¦Bearer¦S3cr7aaaa", "app¦--password¦=¦S3cr7",
    "app¦PASSWORD¦=¦S3cr7", "app¦PASSWORD=¦S3cr7", "app¦--password=¦S3cr7", "app¦password:¦S3cr7",
    #"app¦"password":¦"S3cr7""#, #"app¦{"password":¦"S3cr7"}"#, "app¦--header¦Authorization¦Bearer S3cr7",
    "sh¦-c¦PASSWORD=`echo S3cr7` app", "app¦//u:S3cr7@h/", "app¦u:S3cr7@[::1]:80", "app¦--proxy-user=u:S3cr7",
    "sh¦-c¦chpasswd <<EOF\nroot:S3cr7\nu:S3cr7 t\nEOF\necho ok",
    "sh¦-c¦cat <<-'END' | docker login --password-stdin\nS3cr7\nEND", "-mysql¦-u¦a¦-pS3cr7",
    "etcdctl¦user¦add¦root:S3cr7", "chpasswd¦-e¦u:S3cr7", "ipa-client-install¦-p¦admin¦-w¦S3cr7",
    "ipa-server-install¦-a¦S3cr7", "subscription-manager¦register¦--activationkey=S3cr7",
    "uv¦publish¦-t¦S3cr7", "k3s¦server¦-t¦S3cr7", "nuget¦push¦x.nupkg¦oy2aS3cr7k4q9z¦-Source¦y",
    "iw¦dev¦w¦connect¦x¦key¦0:S3cr7", "rhc¦connect¦-a¦S3cr7", "flyctl¦deploy¦-t¦S3cr7", "vercel¦-t¦S3cr7",
    "vagrant¦cloud¦auth¦login¦-t¦S3cr7", "mpg123¦-u¦u:S3cr7¦x", #"sops¦--set¦["pw"] "S3cr7"¦f"#,
    "glab¦variable¦set¦X¦S3cr7", "java¦-jar¦VeracodeJavaAPI.jar¦-vkey¦S3cr7", "openssl¦kdf¦-kdfopt¦key:S3cr7",
    "node¦app.js¦AKIAABCDEFGHIJKLMNOP¦wJalrS3cr7/K7MDENG/bPxRfiCYaaaaaaaaaaaaa",
  ]

  @Test("Secrets of each form are masked", arguments: secrets)
  func masked(_ line: String) {
    let shown = Self.text(line)
    #expect(!shown.contains("S3cr7") && shown.contains("********"), "\(shown)")
    surviveTruncationAndMutation(of: Array(line.utf8), mutations: 20) { _ = CommandLineText.text($0) }
  }

  @Test(
    "Arguments beside a secret stay readable",
    arguments: [
      (
        "sh¦-c¦echo one; echo x | sudo -S ls /tmp; echo two",
        "sh -c echo one; echo ******** | sudo -S ls /tmp; echo two"
      ),
      ("sh¦-c¦chpasswd <<EOF\nu:x\nEOF\necho ok", "sh -c chpasswd <<EOF\nu:********\nEOF\necho ok"),
      ("curl¦-x¦u:x1@proxy:8080¦h", "curl -x u:********@proxy:8080 h"),
      ("curl¦-H¦Authorization:¦Bearer¦x¦h", "curl -H Authorization: Bearer ******** h"),
      ("rabbitmqctl¦add_user¦alice¦x", "rabbitmqctl add_user alice ********"),
      ("vault¦kv¦put¦secret/a¦key=x", "vault kv put secret/a key=********"),
      ("curl¦https://hooks.slack.com/services/T/B/x", "curl https://hooks.slack.com/********"),
      (#"app¦{\"password\":\"x\",\"n\":1}"#, #"app {\"password\":\"********\",\"n\":1}"#),
    ])
  func kept(_ line: String, _ expected: String) {
    #expect(Self.text(line) == expected)
  }

  @Test(
    "Similar command lines stay as they are",
    arguments: [
      "sh¦-c¦echo one; echo two | wc; echo three && sudo ls", "sh¦-c¦gcc -S a.c; echo fine", "cat¦<<EOF",
      "docker¦run¦nginx:1.2@sha256:abc", "app¦mailto:a@b", "scp¦u@h:/x¦y", "mvn¦a:b:1.0@aar", "app¦2001:db8::1",
      "app¦/data/secret:ro", "node¦/x/node_modules/.pnpm/a@1.0/node_modules/a", "docker¦run¦--user¦1000:1000¦i",
      "app¦--user¦alice", "app¦key¦=¦value", "app¦note:¦text", "net¦use¦X:", "openssl¦s_client", "app¦12345678:90",
    ])
  func unchanged(_ line: String) {
    #expect(Self.text(line) == line.replacing("¦", with: " "))
  }
}
