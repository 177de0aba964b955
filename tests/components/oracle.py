"""What other libraries make of the same numbers; runs in an environment of its own: JSON in, JSON out."""

import json
import sys
from typing import Any

import numpy as np


def main() -> None:
    """Answers for one sample: forecasts ``p``, outcomes ``y``, forecasts that are ``asked``, and ``returns`` by period."""
    given = {name: np.array(value) for name, value in json.load(sys.stdin).items()}
    print(json.dumps({**of_maps(given["p"], given["y"], given["asked"]), **of_returns(given["returns"])}))


def of_maps(p: Any, y: Any, asked: Any) -> dict[str, Any]:
    """Logistic, temperature and beta maps by maximum likelihood; beta, isotonic and Venn–Abers as their packages make them."""
    import statsmodels.api as sm
    from betacal import BetaCalibration
    from sklearn.isotonic import IsotonicRegression
    from venn_abers import VennAbers

    logit = np.log(p / (1 - p))
    binomial = sm.families.Binomial()
    logistic = sm.GLM(y, sm.add_constant(logit), binomial).fit()
    temperature = sm.GLM(y, logit[:, None], binomial).fit()
    beta = sm.GLM(y, np.stack([np.log(p), -np.log1p(-p), np.ones_like(p)], axis=1), binomial).fit()
    isotonic = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(p, y)
    venn = VennAbers()
    venn.fit(np.stack([1 - p, p], axis=1), y)
    _, both = venn.predict_proba(np.stack([1 - asked, asked], axis=1))
    return {
        "logistic": logistic.params.tolist(),
        "logistic_errors": logistic.bse.tolist(),
        "temperature": temperature.params.tolist(),
        "beta": beta.params.tolist(),
        "betacal": BetaCalibration("abm").fit(p[:, None], y).predict(asked).tolist(),
        "isotonic": isotonic.predict(asked).tolist(),
        "venn_abers": both.tolist(),
    }


def of_returns(returns: Any) -> dict[str, Any]:
    """The shrunk covariance, and the weights of largest quadratic utility."""
    from pypfopt import EfficientFrontier
    from sklearn.covariance import ledoit_wolf

    covariance, shrinkage = ledoit_wolf(returns)
    frontier = EfficientFrontier(returns.mean(axis=0), covariance, weight_bounds=(0, 0.6))
    frontier.max_quadratic_utility(risk_aversion=2.0)
    return {"covariance": covariance.tolist(), "shrinkage": shrinkage, "weights": frontier.weights.tolist()}


if __name__ == "__main__":
    main()
