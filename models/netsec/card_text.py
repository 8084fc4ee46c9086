"""Hand-written texts of the `netsec` model card."""

from models.card import CardText
from models.netsec.presets import DISGUISED_SHARE, LOAD_TEST_SHARE, MIMIC_SHARE

CARD_TEXT = CardText(
    first_line="**Simulated: this model was trained and evaluated on simulated flows only, never on real traffic.**",
    intended_use=[
        (
            "Showing, testing and load testing how several engines judge a network flow together: floods "
            "(`ddos_lgbm`), traffic of malware (`malware_lgbm`), unusual flows (`anomaly_iforest`) and rules."
        ),
        "A starting point for a network that retrains it on its own flows and validates it before any use.",
    ],
    not_for=[
        "Blocking real traffic, or naming a person or host as an attacker.",
        "Malware in files: `malware` here is traffic that looks like malware's. Payloads are not inspected.",
        "Flow exports that sample packets, or captures that see one direction only.",
    ],
    data=[
        (
            "Simulated packets and flow records: each network has its own round trips, hops, load and mix of ten "
            "harmless behaviours; five kinds of flood and seven of malware's traffic, from ranges that overlap with "
            "them on purpose."
        ),
        (
            f"{MIMIC_SHARE:.0%} of threats are drawn whole from a harmless behaviour and cannot be found; "
            f"{DISGUISED_SHARE:.0%} have the packets of one; {LOAD_TEST_SHARE:.0%} of harmless flows have the packets "
            "of a threat."
        ),
        "No network is in two splits. The certification rows are one flow from each of many networks.",
        "Features: `flows/1`, after CICFlowMeter (Lashkari et al., 2017), and the flows around a flow.",
    ],
    bands="Fixed in advance: below 20 % the flow passes, from 50 % it is stopped for review, in between it is watched. "
    "Two rules raise any answer to the highest band: more than 100,000 packets a second, more than 1,000 ports "
    "tried.",
    limits=[
        (
            "One flow in three is a threat here, one in thousands elsewhere: probabilities do not apply there, and "
            "the guarantee of the abstention threshold applies to this mix only."
        ),
        (
            "`ddos lgbm auc` and `malware lgbm auc` measure each engine on its own kind against all other flows; "
            "both are calibrated to `attack`. They are specialists: below the positive threshold they do not vote."
        ),
        "Attackers adapt; simulated ones do not.",
    ],
)
