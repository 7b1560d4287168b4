import json

import azure.functions as func


def main(timer: func.TimerRequest, ticks: func.Out[str]) -> None:
    ticks.set(f"tick, past due: {json.dumps(timer.past_due)}")
