# One image for web, media worker, Celery and beat; docker-compose.yml says which of them a container is.
FROM python:3.11-slim-bookworm AS build
WORKDIR /app
COPY requirements/base.txt requirements/base.txt
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --require-hashes --no-deps --only-binary :all: -r requirements/base.txt

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /app interview \
 && mkdir -p /var/spool/interview /var/lib/interview/evidence-keys /var/lib/interview/exports \
 && chown -R interview: /var/spool/interview /var/lib/interview
COPY --from=build /venv /venv
WORKDIR /app
COPY . .
ARG RELEASE=dev
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=interview_site.settings.prod \
    RELEASE=$RELEASE \
    RUN_DIR=/var/lib/interview \
    SPOOL_DIR=/var/spool/interview \
    STORAGE_DIR=/var/lib/interview/storage
# The production settings refuse to load without their secrets; these are used for nothing but this line.
RUN DJANGO_SECRET_KEY=build ALLOWED_HOSTS=build MEDIA_CONTROL_TOKEN=build FIELD_ENCRYPTION_KEYS=build=build \
    DATABASE_URL=postgres://build REDIS_URL=redis://build \
    python manage.py collectstatic --no-input --verbosity 0 \
 && chown -R interview: /var/lib/interview
USER interview
CMD ["uvicorn", "interview_site.asgi:application", "--host", "0.0.0.0", "--port", "8000", "--lifespan", "off", "--no-access-log", "--ws-max-size", "1048576", "--ws-per-message-deflate", "false", "--proxy-headers", "--forwarded-allow-ips", "*"]
