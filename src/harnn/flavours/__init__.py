"""A trained model in the forms that other people's systems load, without a server of ours.

Each form is a module that is imported by its name, as those of MLflow itself are:
:mod:`harnn.flavours.mlflow` and :mod:`harnn.flavours.huggingface`. What they write holds the model,
the code of harnn and the list of packages that the model needs: no registry has to know harnn.
"""

from harnn.flavours.needs import requirements_of, runtime_requirements

__all__ = ["requirements_of", "runtime_requirements"]
