FROM python:3.11-slim
WORKDIR /app
COPY requirements.lock .
RUN pip install --no-cache-dir -r requirements.lock
COPY pyproject.toml README.md ./
COPY recomind recomind
COPY tables tables
COPY agents agents
COPY web web
RUN pip install --no-cache-dir --no-deps . && useradd --create-home recomind
USER recomind
EXPOSE 6066
CMD ["recomind", "worker"]
