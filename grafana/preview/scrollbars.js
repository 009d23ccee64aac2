// SPDX-FileCopyrightText: The Lastchunk authors
// SPDX-License-Identifier: Apache-2.0
//
// Grafana's modules expect the component itself here; the bundler gives them the CommonJS module around it.
import scrollbars from "./node_modules/react-custom-scrollbars-2/lib/index.js";

export default scrollbars.default;
