"""What the card of the `netsec` model says in words."""

from models.card import Prose
from models.netsec.presets import DISGUISED, LOAD_TESTS, MIMICS

PROSE = Prose(
    first_line="**Simulated: this model was trained and evaluated on simulated flows only, never on real traffic.**",
    intended_use=[
        (
            "Showing, testing and load testing how a network flow is judged by several engines at once: floods "
            "(`ddos_lgbm`), traffic of malware (`malware_lgbm`), the unusual (`anomaly_iforest`) and rules."
        ),
        "A start for a network that retrains it on its own flows and validates it before any use.",
    ],
    not_for=[
        "Blocking real traffic, or naming a person or host as an attacker.",
        "Malware in files: `malware` here is traffic that looks like malware's. Payloads are not looked into.",
        "Flow exports that sample packets, or captures that see one direction only.",
    ],
    data=[
        (
            "Simulated packets and flow records: each network has its own round trips, hops, load and mix of ten "
            "harmless behaviours; five kinds of flood and seven of malware's traffic, from ranges that overlap with "
            "them on purpose."
        ),
        (
            f"{MIMICS:.0%} of threats are drawn whole from a harmless behaviour and cannot be found; {DISGUISED:.0%} "
            f"have the packets of one; {LOAD_TESTS:.0%} of harmless flows have the packets of a threat."
        ),
        "No network is in two splits; the certification rows are one flow each of as many networks.",
        "Features: `flows/1`, in the manner of CICFlowMeter (Lashkari et al., 2017), and the company a flow keeps.",
    ],
    bands="Fixed beforehand: below 20 % the flow passes, from 50 % it is stopped for review, watched between. Two "
    "rules raise any answer to the highest band: more than 100,000 packets a second, more than 1,000 ports tried.",
    limits=[
        (
            "One flow in three is a threat here, one in thousands elsewhere: probabilities do not carry over, and the "
            "promise of the abstention threshold holds for this mix only."
        ),
        (
            "`ddos lgbm auc` and `malware lgbm auc` are of each engine for its own kind against all else; both are "
            "calibrated to `attack`. They are specialists: below the positive threshold they do not vote."
        ),
        "Attackers adapt; simulated ones do not.",
    ],
)
