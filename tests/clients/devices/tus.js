// tus-js-client 4 in node.
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { DefaultHttpStack, Upload } from "tus-js-client";
import { listen } from "./told.js";

// Counts what goes out, and answers a request itself where it is told to.
class WatchedStack extends DefaultHttpStack {
  constructor(faults) {
    super({});
    this.faults = faults;
    this.asked = [];
  }

  createRequest(method, url) {
    const request = super.createRequest(method, url);
    const send = request.send.bind(request);
    request.send = (body) => {
      this.asked.push(`${method}${request.getHeader("X-HTTP-Method-Override") ? "+override" : ""}`);
      const status = method === "PATCH" ? this.faults.shift() : undefined;
      if (!status) return send(body);
      return Promise.resolve({
        getStatus: () => status,
        getHeader: () => undefined,
        getBody: () => "",
        getUnderlyingObject: () => null,
      });
    };
    return request;
  }
}

function upload({
  api, token, bytes, photoId, pieceBytes, faults = [], stopAt, partUrls, options = {},
}) {
  const data = Buffer.from(bytes, "base64");
  const stack = new WatchedStack(faults);
  const sha256 = createHash("sha256").update(data).digest("hex");
  return new Promise((resolve) => {
    const done = (result) => resolve({
      url: upload.url, partUrls: upload._parallelUploadUrls, asked: stack.asked, ...result,
    });
    const source = options.uploadLengthDeferred ? Readable.from([data], { objectMode: false }) : data;
    const upload = new Upload(source, {
      endpoint: `${api}/files`,
      headers: { Authorization: `Bearer ${token}` },
      metadata: { photo_id: photoId, sha256, filename: "楼梯间.jpg", filetype: "image/jpeg" },
      chunkSize: pieceBytes,
      retryDelays: [0, 0, 0],
      httpStack: stack,
      onSuccess: () => done({ finished: true }),
      onError: (error) => done({ status: error.originalResponse?.getStatus(), error: error.message }),
      onProgress: (sent) => {
        if (stopAt && sent >= stopAt) upload.abort().then(() => done({ sent }));
      },
      ...options,
    });
    if (partUrls) upload.resumeFromPreviousUpload({ parallelUploadUrls: partUrls });
    upload.start();
  });
}

listen({ upload });
