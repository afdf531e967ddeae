"""
The contract suite: numbered cases that find out how a server behaves. They run on the simulator, and on a real demo
account.
"""

from ctrader_twisted.testing.contract.cases import Case
from ctrader_twisted.testing.contract.subject import Subject
from ctrader_twisted.testing.contract.suite import CASES, GROUPS, Outcome, Suite
from ctrader_twisted.testing.contract.verdicts import Finding, Verdict, judge

__all__ = ["CASES", "GROUPS", "Case", "Finding", "Outcome", "Subject", "Suite", "Verdict", "judge"]
