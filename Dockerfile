# docker build -t sotcheck . && docker run --rm sotcheck check interface-magnetism
# Kwant is compiled for the NumPy that it runs with; what compiled it stays behind.
FROM python:3.13-slim AS build
RUN apt-get update && apt-get install --yes --no-install-recommends gcc g++ && rm -rf /var/lib/apt/lists/*
RUN pip install --no-cache-dir uv
WORKDIR /sotcheck
COPY . .
ENV UV_PROJECT_ENVIRONMENT=/opt/sotcheck UV_LINK_MODE=copy
RUN uv sync --no-dev --no-editable --extra dask --extra parquet

FROM python:3.13-slim
COPY --from=build /opt/sotcheck /opt/sotcheck
ENV PATH=/opt/sotcheck/bin:$PATH OPENBLAS_NUM_THREADS=1
# Results go where the folder of the caller is mounted: docker run --rm -v "$PWD:/results" sotcheck ...
WORKDIR /results
ENTRYPOINT ["sotcheck"]
CMD ["--help"]
