import Testing

@testable import Collect

@Suite struct ShortCommandTests {
  @Test(
    arguments: [
      ("/usr/bin/python3 -u /home/ann/train.py --epochs 9", "python3 -u train.py --epochs 9"),
      (
        "python3 -m torch.distributed.run --nproc_per_node=8 /data/run.py",
        "python3 -m torch.distributed.run --nproc_per_node=8 run.py"
      ),
      ("java -Xmx4g -cp /opt/a/lib/a.jar:/opt/b/lib/b.jar com.example.Main", "java -Xmx4g -cp b.jar com.example.Main"),
      ("./bin/server --config=/etc/server/server.conf", "server --config=server.conf"),
      ("postgres: checkpointer", "postgres: checkpointer"), ("sshd: ann@pts/0", "sshd: ann@pts/0"), ("", ""),
      ("/", "/"), ("/usr/lib/jvm//", "jvm"),
      ("python3 -c \nimport time\n\tprint(1)\r\n", "python3 -c import time print(1)"), ("\n", ""),
    ]) func programsAndTheirFirstArguments(command: String, short: String)
  {
    #expect(ShortCommand.text(command) == short)
  }

  @Test func lengthsAreBounded() {
    let long = "program " + (0..<10_000).map { "argument\($0)" }.joined(separator: " ")
    #expect(ShortCommand.text(long).count <= ShortCommand.limit + 2)
    #expect(ShortCommand.text(long).hasPrefix("program argument0 argument1"))
    let word = String(repeating: "x", count: 100_000)
    #expect(ShortCommand.text(word).count == ShortCommand.argumentLimit)
    #expect(ShortCommand.text("a " + word).count == 2 + ShortCommand.argumentLimit)
  }
}
