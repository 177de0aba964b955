"""The built-in criteria: one class, one file each, listed here and nowhere else."""

from typing import Annotated, TypeAlias

from pydantic import Field

from model_ratchet.criteria.approval import Approval
from model_ratchet.criteria.artifacts import ArtifactsReproduce
from model_ratchet.criteria.auc import Auc
from model_ratchet.criteria.betting import Betting
from model_ratchet.criteria.calibration import Calibration
from model_ratchet.criteria.calibration_not_worse import CalibrationNotWorse
from model_ratchet.criteria.coverage import Coverage
from model_ratchet.criteria.distribution import Distribution
from model_ratchet.criteria.documents import DocumentsComplete
from model_ratchet.criteria.drawdown import Drawdown
from model_ratchet.criteria.drift import Drift
from model_ratchet.criteria.identity import Identity
from model_ratchet.criteria.infrastructure import InfrastructureFits
from model_ratchet.criteria.load import Load
from model_ratchet.criteria.maximum import Maximum
from model_ratchet.criteria.metadata import MetadataComplete
from model_ratchet.criteria.non_inferiority import NonInferiority
from model_ratchet.criteria.quantile_limit import QuantileLimit
from model_ratchet.criteria.quantile_superiority import QuantileSuperiority
from model_ratchet.criteria.rate_limit import RateLimit
from model_ratchet.criteria.ratio_limit import RatioLimit
from model_ratchet.criteria.required_checks import RequiredChecks
from model_ratchet.criteria.rollback_drill import RollbackDrill
from model_ratchet.criteria.sample_ratio import SampleRatio
from model_ratchet.criteria.scan import CodeScan
from model_ratchet.criteria.score_non_inferiority import ScoreNonInferiority
from model_ratchet.criteria.score_superiority import ScoreSuperiority
from model_ratchet.criteria.segments import Segments
from model_ratchet.criteria.stability import Stability
from model_ratchet.criteria.suite import SuiteOfCases
from model_ratchet.criteria.superiority import Superiority
from model_ratchet.criteria.sustained import Sustained
from model_ratchet.criteria.weight_turnover import WeightTurnover

BUILT_IN = (
    Superiority,
    QuantileSuperiority,
    ScoreSuperiority,
    NonInferiority,
    ScoreNonInferiority,
    Auc,
    Calibration,
    CalibrationNotWorse,
    Drift,
    QuantileLimit,
    Maximum,
    RateLimit,
    Stability,
    Sustained,
    Segments,
    Distribution,
    RatioLimit,
    Load,
    Betting,
    Drawdown,
    SuiteOfCases,
    RequiredChecks,
    CodeScan,
    SampleRatio,
    Coverage,
    Identity,
    InfrastructureFits,
    MetadataComplete,
    DocumentsComplete,
    RollbackDrill,
    ArtifactsReproduce,
    WeightTurnover,
    Approval,
)

AnyCriterion: TypeAlias = Annotated[
    Superiority
    | QuantileSuperiority
    | ScoreSuperiority
    | NonInferiority
    | ScoreNonInferiority
    | Auc
    | Calibration
    | CalibrationNotWorse
    | Drift
    | QuantileLimit
    | Maximum
    | RateLimit
    | Stability
    | Sustained
    | Segments
    | Distribution
    | RatioLimit
    | Load
    | Betting
    | Drawdown
    | SuiteOfCases
    | RequiredChecks
    | CodeScan
    | SampleRatio
    | Coverage
    | Identity
    | InfrastructureFits
    | MetadataComplete
    | DocumentsComplete
    | RollbackDrill
    | ArtifactsReproduce
    | WeightTurnover
    | Approval,
    Field(discriminator="kind"),
]
