# Installs, starts, stops, restarts, shows or uninstalls the agent as the Windows service WorkerMonitorAgent; all but
# status need an administrator. After install, further arguments are the agent's options:
#   .\install-service.ps1 install --port 9000
#Requires -Version 5.1
param(
    [Parameter(Mandatory, Position = 0)]
    [ValidateSet('install', 'start', 'stop', 'restart', 'status', 'uninstall')]
    [string] $Action,
    [Parameter(ValueFromRemainingArguments)]
    [string[]] $Options = @()
)
$ErrorActionPreference = 'Stop'
$agent = Join-Path (Split-Path $PSScriptRoot) 'agent.exe'
if (-not (Test-Path -LiteralPath $agent -PathType Leaf)) { throw "no agent.exe in the folder above the scripts: $agent" }
& $agent service $Action @Options
exit $LASTEXITCODE
