"""The code that a model in MLflow's form carries ("models from code"): MLflow runs this file."""

from mlflow.models import set_model

from harnn.flavours.pyfunc import HarnnModel

set_model(HarnnModel())
