/// The program's version in `--version`, the API and the agent's own metrics.
let version = "0.1.0"
