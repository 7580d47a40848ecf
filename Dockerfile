# Answers scans: docker build -t liangzheng . && docker run -p 8000:8000 -v liangzheng:/data liangzheng
FROM python:3.13-slim-bookworm AS build
WORKDIR /src
COPY requirements.txt ./
RUN python -m venv /opt/liangzheng \
 && /opt/liangzheng/bin/pip install --no-cache-dir --require-hashes -r requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY keys ./keys
COPY verifier ./verifier
RUN /opt/liangzheng/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.13-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /data --create-home liangzheng
COPY --from=build /opt/liangzheng /opt/liangzheng
ENV PATH=/opt/liangzheng/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    LIANGZHENG_DATA_DIR=/data
USER 10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=2s CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health/ready')"]
CMD ["liangzheng", "serve", "scan", "--host", "0.0.0.0", "--port", "8000"]
